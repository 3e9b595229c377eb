"""The values of librosa 0.11.0 that the front-ends are held to; no test needs librosa itself.

    pip install librosa==0.11.0 && python tests/frontend/librosa_values.py

writes `librosa.json` beside this file, in double precision, of sounds that a formula makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("librosa.json")


def sound(rate: int, samples: int) -> np.ndarray:
    """Three partials that glide, over an offset, with a click and an end that is all but silent."""
    time = np.arange(samples) / rate
    glide = 2 * np.pi * (180 * time + 400 * time**2)
    wave = 0.4 * np.sin(glide) + 0.2 * np.sin(3.1 * glide + 1) + 0.1 * np.sin(11.7 * glide + 2)
    wave = (wave + 0.05) * np.exp(-6 * time)
    wave[samples // 3] += 0.5
    return wave


def values() -> dict[str, Any]:
    import librosa
    from scipy.signal.windows import hamming

    found: dict[str, Any] = {"librosa": librosa.__version__}
    double = {"dtype": np.float64}
    # As S2IGAN: power, natural logarithm, mean and deviation of each bin.
    wave = sound(22050, 2205)
    mel = librosa.feature.melspectrogram(
        y=wave, sr=22050, n_fft=551, hop_length=220, n_mels=40, **double
    )
    log = np.log(mel + 1e-6)
    normal = (log - log.mean(1, keepdims=True)) / (log.std(1, keepdims=True) + 1e-16)
    found["logmel40_s2igan"] = [log.T, normal.T]
    # As DAVEnet: no mean, pre-emphasis, SciPy's Hamming, decibels below the loudest.
    wave = sound(16000, 1600)
    wave = wave - wave.mean()
    wave = np.append(wave[0], wave[1:] - 0.97 * wave[:-1])
    spectrum = librosa.stft(wave, n_fft=400, hop_length=160, win_length=400, window=hamming)
    filters = librosa.filters.mel(sr=16000, n_fft=400, n_mels=40, fmin=20, **double)
    mel = filters @ (np.abs(spectrum) ** 2)
    found["meldb40_davenet"] = [librosa.power_to_db(mel, ref=np.max).T]
    # LMS: librosa's own defaults.
    wave = sound(44100, 4410)
    mel = librosa.feature.melspectrogram(
        y=wave, sr=44100, n_fft=2048, hop_length=512, n_mels=128, **double
    )
    decibels = librosa.power_to_db(mel, ref=np.max)
    found["lms128"] = [decibels.T]
    # The other four of Chen's, likewise; strengths over the greatest. Of STFT every 16th bin.
    found["ms128"] = [mel.T / mel.max()]
    found["mfcc"] = [librosa.feature.mfcc(S=decibels, n_mfcc=20).T]
    amplitudes = np.abs(librosa.stft(wave))
    found["stft"] = [amplitudes.T[:, ::16] / amplitudes.max()]
    direct = at_full_rate(wave, 44100)
    lowered = np.abs(librosa.cqt(wave, sr=44100))
    found["cqt"] = [direct.T / direct.max(), lowered.T / lowered.max()]
    return found


def at_full_rate(wave: np.ndarray, rate: int) -> np.ndarray:
    """(84, T) of librosa's own filters, without lowering the rate from octave to octave."""
    import librosa

    hertz = librosa.cqt_frequencies(84, fmin=librosa.note_to_hz("C1"))
    filters, lengths = librosa.filters.wavelet(freqs=hertz, sr=rate, dtype=np.complex128)
    middle = filters.shape[1] // 2
    padded = np.pad(wave, middle)
    frames = np.stack([padded[at : at + 2 * middle] for at in range(0, len(wave) + 1, 512)])
    # As `librosa.cqt`: a filter is turned round in time. Its first place, a zero, meets none.
    return np.abs(filters[:, :0:-1] @ frames[:, 1:].T) * np.sqrt(lengths)[:, None]


def rounded(value: Any) -> Any:
    """To nine digits, a hundredth of what the tests allow."""
    if isinstance(value, np.ndarray):
        return [[float(f"{number:.9g}") for number in row] for row in value]
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return value


if __name__ == "__main__":
    text = {key: rounded(value) for key, value in values().items()}
    FILE.write_text(json.dumps(text).replace("], [", "],\n[") + "\n", encoding="utf-8")
