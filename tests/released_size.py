"""Numbers of parameters, added up layer by layer from the authors' definitions of their networks:
what the networks here are counted against, without a line of theirs or of ours."""

from __future__ import annotations

from itertools import pairwise


def conv(inputs: int, outputs: int, kernel: int, bias: bool = False) -> int:
    """Of a convolution, transposed or not."""
    return inputs * outputs * kernel**2 + outputs * bias


def norm(channels: int) -> int:
    """Of a batch norm."""
    return 2 * channels


def linear(inputs: int, outputs: int, bias: bool = True) -> int:
    return inputs * outputs + outputs * bias


def _block(inputs: int, outputs: int, kernel: int) -> int:
    return conv(inputs, outputs, kernel) + norm(outputs)


def _bottleneck(channels: int) -> int:
    narrow = channels // 4
    return _block(channels, narrow, 1) + _block(narrow, narrow, 3) + _block(narrow, channels, 3)


def reed_generator(ngf: int, text: int = 1024, nt: int = 128, nz: int = 100) -> int:
    """icml2016, main_cls_int.lua: 4, 8, 16, 32 and 64 px."""
    found = linear(text, nt) + _block(nt + nz, 8 * ngf, 4) + _bottleneck(8 * ngf)
    found += _block(8 * ngf, 4 * ngf, 4) + _bottleneck(4 * ngf)
    return found + _block(4 * ngf, 2 * ngf, 4) + _block(2 * ngf, ngf, 4) + conv(ngf, 3, 4)


def reed_judge(
    ndf: int, side: int = 64, text_norm: bool = True, text: int = 1024, nt: int = 128
) -> int:
    """The same with a norm on the text; without one that of main_cls.lua and of StackGAN's two
    stages in TensorFlow."""
    widths, found = [ndf], conv(3, ndf, 4)
    while side >> len(widths) > 4:
        widths.append(2 * widths[-1])
        found += _block(widths[-2], widths[-1], 4)
    while widths[-1] > 8 * ndf:
        widths.append(widths[-1] // 2)
        found += _block(widths[-2], widths[-1], 1)
    last = widths[-1]
    found += _bottleneck(last) + linear(text, nt) + norm(nt) * text_norm
    return found + _block(last + nt, last, 1) + conv(last, 1, 4, bias=True)


def stackgan_stage1(gf: int, port: bool, ups: int = 4, text: int = 1024, z: int = 100) -> int:
    """`ups`: doublings from 8 gf channels; four give the published 64 px."""
    seed, c = 8 * gf * 16, 128
    found = linear(text, 2 * c) + linear(c + z, seed, bias=not port) + norm(seed)
    widths = [8 * gf >> k for k in range(ups + port)]  # the last doubling makes a picture, or a map
    found += sum(_block(a, b, 3) for a, b in pairwise(widths))
    if not port:
        found += _bottleneck(8 * gf) + _bottleneck(4 * gf)
    return found + conv(widths[-1], 3, 3)


def stackgan_stage2(gf: int, blocks: int, ups: int = 4, c: int = 128, text: int = 1024) -> int:
    """Without the first stage."""
    found = linear(text, 2 * c) + conv(3, gf, 3) + _block(gf, 2 * gf, 4) + _block(2 * gf, 4 * gf, 4)
    found += _block(4 * gf + c, 4 * gf, 3) + blocks * 2 * _block(4 * gf, 4 * gf, 3)
    widths = [4 * gf >> k for k in range(ups + 1)]
    found += sum(_block(a, b, 3) for a, b in pairwise(widths))
    return found + conv(widths[-1], 3, 3)


def tree_judge(side: int, df: int, told: int, alone: bool) -> int:
    """The discriminators of StackGAN's port, of StackGAN-v2 and of AttnGAN. `alone`: a second head
    that judges pictures without their text."""
    widths, found = [df], conv(3, df, 4)
    while side >> len(widths) > 4:
        widths.append(2 * widths[-1])
        found += _block(widths[-2], widths[-1], 4)
    while widths[-1] > 8 * df:
        widths.append(widths[-1] // 2)
        found += _block(widths[-2], widths[-1], 3)
    head = conv(8 * df, 1, 4, bias=True)
    return found + _block(8 * df + told, 8 * df, 3) + head + head * alone


def stackgan_v2(gf: int, blocks: int, stages: int, c: int = 128, text: int = 1024) -> list[int]:
    """Of the augmentation, of the first stage, of each further one, and of the heads."""
    seed = 16 * gf * 16
    first = linear(c + 100, 2 * seed, bias=False) + norm(2 * seed)
    first += sum(_block(gf << k + 1, 2 * (gf << k), 3) for k in range(4))
    found = [linear(text, 4 * c), first]
    for stage in range(stages - 1):
        w = gf >> stage
        residual = _block(w, 2 * w, 3) + _block(w, w, 3)
        found.append(_block(w + c, 2 * w, 3) + blocks * residual + _block(w, w, 3))
    return [*found, sum(conv(gf >> stage, 3, 3) for stage in range(stages))]
