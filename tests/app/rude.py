"""What rude clients send to the page: too much, broken, cut off, crooked paths."""

from __future__ import annotations

import base64
import http.client
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator

PASSWD = b"root:x:0"  # of /etc/passwd
UPLOAD = 200_000_000  # bytes
TRICKS = (
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file=../../../../etc/passwd",
    "/gradio_api/file/etc/passwd",
    "/file=/etc/passwd",
    "/static/../../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/gradio_api/stream/../../etc/passwd",
    "/gradio_api/proxy=http://169.254.169.254/latest/meta-data",
    "//etc/passwd",
    "/..%00/etc/passwd",
    "/gradio_api/upload_progress?upload_id=../../etc/passwd",
)
Address = tuple[str, int]


def post(address: Address, name: str, data: list[object], timeout: float = 60) -> bytes:
    """Calls a function of the page, and reads all that comes of it."""
    body = json.dumps({"data": data}).encode()
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/gradio_api/call/{name}", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            return content
        event = json.loads(content)["event_id"]
        connection.request("GET", f"/gradio_api/call/{name}/{event}")
        return connection.getresponse().read()
    finally:
        connection.close()


def huge_text(address: Address, model: str, dice: random.Random) -> bytes:
    return post(address, "draw", [model, "red bird " * dice.choice((10**3, 10**5, 10**6)), 0, 1])


def many_pictures(address: Address, model: str, dice: random.Random) -> bytes:
    return post(address, "draw", [model, "a red bird", dice.choice((-1, 2**70, 0)), 10**6])


def broken_values(address: Address, model: str, dice: random.Random) -> bytes:
    values = [None, [], {"a": [{}] * 9}, 3.5, "../../etc/passwd", "\ud800", True]
    return post(address, "draw", [dice.choice(values) for _ in range(dice.randrange(6))])


def nested(address: Address, model: str, dice: random.Random) -> bytes:
    text = '{"data": ' + "[" * 50_000 + "]" * 50_000 + "}"
    return _sent(address, "/gradio_api/call/draw", iter([text.encode()]), None)


def broken_audio(address: Address, model: str, dice: random.Random) -> bytes:
    head = dice.choice((b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC", b"OggS", b"ID3\x04", b""))
    content = head + dice.randbytes(dice.randrange(1, 500_000))
    return post(address, "hear", [model, base64.b64encode(content).decode()])


def long_audio(address: Address, model: str, dice: random.Random) -> bytes:
    """Hours that a header says, of which none are there."""
    form = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 2**31, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16
    )
    content = form + struct.pack("<4sI", b"data", 2**31 - 64) + bytes(8_000_000)
    return post(address, "hear", [model, base64.b64encode(content).decode()])


def large_upload(address: Address, model: str, dice: random.Random) -> bytes:
    """200 MB, said in the header or not, as a body or as a file."""

    def body() -> Iterator[bytes]:
        yield b'{"data": ["x", "'
        for _ in range(UPLOAD // 1_000_000):
            yield b"A" * 1_000_000

    place = dice.choice(("/gradio_api/call/hear", "/gradio_api/upload", "/gradio_api/queue/join"))
    return _sent(address, place, body(), UPLOAD if dice.random() < 0.5 else None)


def half_a_request(address: Address, model: str, dice: random.Random) -> bytes:
    """Says 1,000 bytes, sends some of them slowly, and leaves."""
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(b"POST /gradio_api/call/draw HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        line.sendall(b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(dice.randrange(6)):
            line.sendall(b'{"data"')
            time.sleep(0.2)
    return b""


def leaves_before_the_answer(address: Address, model: str, dice: random.Random) -> bytes:
    body = json.dumps({"data": [model, "a red bird", dice.randrange(10**6), 4]}).encode()
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("POST", "/gradio_api/call/draw", body, {"Content-Type": "application/json"})
    content = connection.getresponse().read()
    if b"event_id" in content:
        connection.request("GET", f"/gradio_api/call/draw/{json.loads(content)['event_id']}")
        time.sleep(dice.random() / 4)
    connection.close()
    return content


def crooked_path(address: Address, model: str, dice: random.Random) -> bytes:
    with socket.create_connection(address, timeout=30) as line:
        path = dice.choice(TRICKS)
        line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        )
        return _drained(line)


def no_http(address: Address, model: str, dice: random.Random) -> bytes:
    with socket.create_connection(address, timeout=30) as line:
        line.sendall(
            dice.choice((b"\x16\x03\x01" + dice.randbytes(200), b"\r\n" * 999, b"GET " * 9999))
        )
        line.shutdown(socket.SHUT_WR)
        return _drained(line)


def another_site(address: Address, model: str, dice: random.Random) -> bytes:
    headers = {"Content-Type": "application/json", "Origin": "http://evil.example"}
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("POST", "/gradio_api/call/models", b'{"data": []}', headers)
    return connection.getresponse().read()


RUDE: tuple[Callable[[Address, str, random.Random], bytes], ...] = (
    *(huge_text, many_pictures, broken_values, nested, broken_audio, long_audio, large_upload),
    *(half_a_request, leaves_before_the_answer, crooked_path, no_http, another_site),
)


def _sent(address: Address, place: str, body: Iterator[bytes], length: int | None) -> bytes:
    """A body in pieces, and what is answered, whenever that is."""
    told = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
    with socket.create_connection(address, timeout=60) as line:
        head = f"POST {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}{told}\r\n\r\n".encode())
        try:
            for piece in body:
                size = f"{len(piece):x}\r\n".encode()
                line.sendall(piece if length is not None else size + piece + b"\r\n")
            if length is None:
                line.sendall(b"0\r\n\r\n")
        except OSError:  # the server has closed: it took no more
            return b"closed"
        return _drained(line)


def _drained(line: socket.socket) -> bytes:
    found = b""
    try:
        while piece := line.recv(65_536):
            found += piece
            if len(found) > 1_000_000 or (
                b"\r\n\r\n" in found and b"content-length" in found.lower()
            ):
                break
    except OSError:
        pass
    return found
