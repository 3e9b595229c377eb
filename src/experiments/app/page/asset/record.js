// A button that records from the microphone. The samples stay in memory; `onsound` gets them as a WAV
// of 16 bits, at the rate of the microphone.
birdsong.recorder = ({ label, seconds, onsound }) => {
  const { el, icon, button, tell, base64 } = birdsong;
  const TAP = "registerProcessor('tap', class extends AudioWorkletProcessor { process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; } });";
  const level = el("span", { class: "level", "aria-hidden": "true" }, ...[1, 2, 3, 4, 5].map(() => el("i")));
  const clock = el("span", { class: "clock", role: "timer" });
  const node = el("span", { class: "recorder" });
  let state = null, opening = false;

  const show = (on) => {
    node.classList.toggle("on", on);
    act.setAttribute("aria-pressed", String(on));
    act.setAttribute("aria-label", on ? "Stop recording" : label);
    act.title = on ? "Stop recording" : label;
    act.replaceChildren(icon(on ? "stop" : "mic"));
    clock.textContent = "";
    level.childNodes.forEach((bar) => bar.classList.remove("lit"));
  };
  const refuse = (error) => tell(
    error.name === "NotFoundError" ? "There is no microphone; choose a file."
      : error.name === "NotAllowedError" ? "The browser may not use the microphone; allow it beside the address, or choose a file."
        : "The microphone cannot be used; choose a file.", true);
  const start = async () => {
    if (!navigator.mediaDevices?.getUserMedia) {
      tell("A browser gives its microphone to pages of this machine, or over https, alone; choose a file.", true);
      return;
    }
    const parts = [];
    opening = true;
    show(true);
    clock.textContent = "opening…";
    try {
      const plain = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
      const context = new AudioContext(), url = URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }));
      state = { stream, context, parts, count: 0 };
      await context.audioWorklet.addModule(url);
      URL.revokeObjectURL(url);
      const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
      tap.port.onmessage = ({ data }) => heard(data);
      context.createMediaStreamSource(stream).connect(tap);
      clock.textContent = "speak";
      if (!opening) stop();  // it was pressed again before it was open
    } catch (error) {
      stop();
      refuse(error);
    }
    opening = false;
  };
  const heard = (samples) => {
    if (!state) return;
    state.parts.push(samples);
    state.count += samples.length;
    if (state.parts.length % 16) return;
    const loud = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
    const lit = Math.max(0, Math.min(5, Math.round((20 * Math.log10(loud + 1e-6) + 55) / 9)));
    level.childNodes.forEach((bar, place) => bar.classList.toggle("lit", place < lit));
    const past = state.count / state.context.sampleRate;
    clock.textContent = `${Math.floor(past)} s`;
    if (past >= seconds - 0.1) finish();
  };
  const release = () => {
    const held = state;
    state = null;
    held?.stream.getTracks().forEach((track) => track.stop());
    held?.context.close();
    return held;
  };
  const stop = () => {
    const held = release();
    show(false);
    return held;
  };
  const finish = () => {
    const { parts, count, context } = stop();
    if (count) onsound("microphone.wav", base64(wav(parts, count, context.sampleRate)));
    else tell("Nothing was recorded; try again.", true);
  };
  // RIFF, one channel.
  const wav = (parts, count, rate) => {
    const view = new DataView(new ArrayBuffer(44 + 2 * count));
    const write = (at, text) => [...text].forEach((letter, place) => view.setUint8(at + place, letter.charCodeAt(0)));
    write(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); write(8, "WAVEfmt ");
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
    write(36, "data"); view.setUint32(40, 2 * count, true);
    let at = 44;
    for (const part of parts) for (const value of part) {
      view.setInt16(at, Math.round(32767 * Math.max(-1, Math.min(1, value))), true);
      at += 2;
    }
    return view.buffer;
  };
  const act = button("mic", label, () => (opening ? (opening = false) : state ? finish() : start()), { "aria-pressed": "false" });
  node.append(act, level, clock);
  show(false);
  return { node };
};
