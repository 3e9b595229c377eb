from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.encoder.huggingface import HuggingFaceText
from experiments.terminal.error import UserError
from tests.encoder.tiny_models import KINDS, WIDTH, make_model

transformers = pytest.importorskip("transformers", reason="needs the extra text")

CAPTIONS = ["a small red bird", "the blue bird with black wings and a yellow crown", "bird"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    kinds = (*KINDS, "clip_text", "bert_without_pooler")
    return {kind: make_model(place / kind, kind) for kind in kinds}


def encoder_of(folder: Path, dim: int = WIDTH, **options: Any) -> HuggingFaceText:
    options = {"head": False, "length": 20} | options
    return HuggingFaceText(str(folder), dim, **options).eval()


def read(encoder: HuggingFaceText, captions: list[str] = CAPTIONS) -> tuple[Tensor, Tensor]:
    tokens, lengths = encoder.pieces.encode_all(captions)
    return torch.from_numpy(tokens).long(), torch.from_numpy(lengths)


def reference(kind: str, folder: Path) -> tuple[list[Tensor], Tensor]:
    """The states of each caption's words, and sentences, as `transformers` is used by hand."""
    made = {
        "clip": transformers.CLIPTextModel,
        "clip_text": transformers.CLIPTextModel,
        "siglip": transformers.SiglipTextModel,
        "t5": transformers.T5EncoderModel,
    }.get(kind, transformers.BertModel)
    model = made.from_pretrained(folder).eval()
    tokeniser = transformers.AutoTokenizer.from_pretrained(folder)
    states, sentences = [], []
    for caption in CAPTIONS:
        whole = {"padding": "max_length", "max_length": 20} if kind == "siglip" else {}
        given = tokeniser(caption, return_tensors="pt", **whole)
        count = len(caption.split())
        first = 0 if kind in ("t5", "siglip") else 1
        with torch.no_grad():
            if kind == "siglip":
                found = model(input_ids=given["input_ids"])
            else:
                found = model(given["input_ids"], attention_mask=given["attention_mask"])
        states.append(found.last_hidden_state[0, first : first + count])
        if kind in ("clip", "clip_text", "siglip", "bert"):
            sentences.append(found.pooler_output[0])
        else:
            sentences.append(found.last_hidden_state[0].mean(0))
    return states, torch.stack(sentences)


@pytest.mark.parametrize("kind", ["clip", "clip_text", "siglip", "bert", "t5"])
def test_words_and_sentences_are_those_of_transformers(folders: dict[str, Path], kind: str) -> None:
    encoder = encoder_of(folders[kind])
    tokens, lengths = read(encoder)
    words, sentence = encoder(tokens, lengths)
    states, expected = reference(kind, folders[kind])
    assert words is not None and words.shape == (3, WIDTH, 20 - encoder.pieces.marks)
    assert encoder.steps(lengths).tolist() == [4, 10, 1]
    for row, of_caption in enumerate(states):
        count = len(of_caption)
        torch.testing.assert_close(words[row, :, :count].t(), of_caption, rtol=1e-4, atol=1e-5)
        assert (words[row, :, count:] == 0).all()
    torch.testing.assert_close(sentence, expected, rtol=1e-4, atol=1e-5)


def test_a_sentence_transformer_pools_as_its_folder_says(folders: dict[str, Path]) -> None:
    encoder = encoder_of(folders["sentence_transformer"], 6, words=False)
    words, sentence = encoder(*read(encoder))
    assert words is None
    _, means = reference("sentence_transformer", folders["sentence_transformer"])
    layer = encoder.carried.dense[0]  # type: ignore[union-attr]
    expected = F.normalize(torch.tanh(layer(means)), dim=1)
    torch.testing.assert_close(sentence, expected, rtol=1e-4, atol=1e-5)
    plain = encoder_of(folders["sentence_transformer"], sentence="mean")
    torch.testing.assert_close(plain(*read(plain))[1], means, rtol=1e-4, atol=1e-5)


def test_a_model_without_a_pooler_takes_the_mean(folders: dict[str, Path]) -> None:
    encoder = encoder_of(folders["bert_without_pooler"])
    assert encoder.text_model.pooling == "mean"
    with pytest.raises(UserError, match=r"encoder\.text\.sentence=own: .* pools nothing itself"):
        encoder_of(folders["bert_without_pooler"], sentence="own")


@pytest.mark.parametrize("kind", KINDS)
def test_a_caption_depends_on_no_other_and_not_on_padding(
    folders: dict[str, Path], kind: str
) -> None:
    encoder = encoder_of(folders[kind], 5, head=True)
    words, together = encoder(*read(encoder))
    assert words.shape == (3, 5, 20 - encoder.pieces.marks) and together.shape == (3, 5)
    for row, caption in enumerate(CAPTIONS):
        alone = encoder(*read(encoder, [caption]))
        torch.testing.assert_close(alone[1][0], together[row], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(alone[0][0], words[row], rtol=1e-4, atol=1e-5)


def test_frozen_it_keeps_heads_alone_and_trained_all(folders: dict[str, Path]) -> None:
    fixed = HuggingFaceText(str(folders["clip"]), 5, length=20).train()
    heads = ["out.weight", "out.bias", "words_out.weight", "words_out.bias"]
    assert list(fixed.state_dict()) == heads
    assert not fixed.carried.training  # type: ignore[union-attr]
    words, sentence = fixed(*read(fixed))
    (words.sum() + sentence.sum()).backward()
    assert [n for n, p in fixed.named_parameters() if p.grad is not None] == heads
    whole = HuggingFaceText(str(folders["clip"]), 5, length=20, trained=True).train()
    words, sentence = whole(*read(whole))
    (words.sum() + sentence.sum()).backward()
    assert whole.carried is None
    assert all(parameter.grad is not None for parameter in whole.parameters())


@pytest.mark.parametrize("trained", [False, True])
def test_on_paper_it_is_filled_by_what_a_run_keeps(folders: dict[str, Path], trained: bool) -> None:
    """Of the folder nothing is read: an export has all of it."""
    encoder = HuggingFaceText(str(folders["clip"]), 5, length=20, trained=trained).eval()
    told = encoder.text_model.told() | {"tokeniser": encoder.text_model.tokeniser}
    told = json.loads(json.dumps(told))
    with torch.device("meta"):
        paper = HuggingFaceText("elsewhere", 5, length=20, trained=trained, text_model=told)
    paper.load_state_dict(encoder.state_dict(), assign=True)
    if encoder.carried is not None:
        paper.take_carried(encoder.carried.state_dict())
    given = read(encoder)
    for mine, theirs in zip(paper.eval()(*given), encoder(*given), strict=True):
        assert torch.equal(mine, theirs)


def test_a_run_that_goes_on_refuses_another_model(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = make_model(tmp_path / "m", "bert")
    before = encoder_of(folder).text_model
    told = before.told() | {"tokeniser": before.tokeniser}
    assert encoder_of(folder, text_model=told).text_model == before
    make_model(folder, "bert", seed=1)
    with pytest.raises(UserError, match="holds another model than this run began with"):
        encoder_of(folder, text_model=told)


def test_what_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"length=21: .* reads at most 20"):
        encoder_of(folders["bert"], length=21)
    with pytest.raises(UserError, match=r"encoder\.dim=7: .* set encoder\.dim=16"):
        encoder_of(folders["bert"], 7)
    with pytest.raises(UserError, match=r"encoder\.text\.name=/no/where: there is no such folder"):
        encoder_of(Path("/no/where"))
    folder = make_model(tmp_path / "pickled", "bert")
    weights = folder / "model.safetensors"
    torch.save({}, folder / "pytorch_model.bin")
    weights.rename(tmp_path / "aside")
    with pytest.raises(UserError, match=r"has no model\.safetensors; only that form is read"):
        encoder_of(folder)
    weights.write_bytes(b"no tensors")
    with pytest.raises(UserError, match=r"model\.safetensors: cannot be read"):
        encoder_of(folder)
    seen = transformers.Dinov2Config(hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    transformers.Dinov2Model(seen).save_pretrained(tmp_path / "seen")
    with pytest.raises(UserError, match="dinov2: is no text model of transformers"):
        encoder_of(tmp_path / "seen")


def test_no_code_of_a_folder_is_run(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "m", "bert")
    trap = tmp_path / "ran"
    (folder / "modeling_mine.py").write_text(f"open({str(trap)!r}, 'w')\nclass Mine: pass\n")
    about = json.loads((folder / "config.json").read_text())
    about["auto_map"] = {"AutoModel": "modeling_mine.Mine", "AutoConfig": "modeling_mine.Mine"}
    about["_attn_implementation"] = "kernels-community/flash-attn"
    (folder / "config.json").write_text(json.dumps(about))
    about = json.loads((folder / "tokenizer_config.json").read_text())
    about["auto_map"] = {"AutoTokenizer": ["modeling_mine.Mine", "modeling_mine.Mine"]}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    encoder = encoder_of(folder)
    assert encoder(*read(encoder))[1].shape == (3, WIDTH) and not trap.exists()
    about = json.loads((folder / "config.json").read_text()) | {"model_type": "mine"}
    (folder / "config.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match="mine: is no text model of transformers"):
        encoder_of(folder)
    assert not trap.exists()
