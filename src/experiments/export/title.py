"""What model cards call the recipes, and the papers that these are of."""

from __future__ import annotations

GAN_CLS = "Reed et al. 2016, ICML, https://arxiv.org/abs/1605.05396"
EMBEDDING = "Reed et al. 2016, CVPR, https://arxiv.org/abs/1605.05395"
STACKGAN = "Zhang et al. 2017, https://arxiv.org/abs/1612.03242"
STACKGAN_V2 = "Zhang et al. 2018, https://arxiv.org/abs/1710.10916"
ATTNGAN = "Xu et al. 2018, https://arxiv.org/abs/1711.10485"
S2IGAN = "Wang et al. 2020, https://arxiv.org/abs/2005.06968"
LI = "Li et al. 2020, https://arxiv.org/abs/2004.03413"
CHEN = "Chen et al. 2017, https://arxiv.org/abs/1704.08292"
CMCGAN = "Hao, Zhang and Guan 2018, AAAI, https://arxiv.org/abs/1711.08102"
WAV2PIX = "Duarte et al. 2019, https://arxiv.org/abs/1903.10195"
SPEECH2FACE = "Oh et al. 2019, https://arxiv.org/abs/1905.09773"
PAN = "Pan et al. 2017, https://arxiv.org/abs/1804.08264"
VONDRICK = "Vondrick, Pirsiavash and Torralba 2016, https://arxiv.org/abs/1609.02612"
HUANG = "Huang et al. 2024, https://arxiv.org/abs/2501.05441"
TAO = "Tao et al. 2022, https://arxiv.org/abs/2008.05865"
COLE = "Cole et al. 2017, https://arxiv.org/abs/1701.04851"
MODELS = {
    "attngan": ("AttnGAN: captions to pictures", ATTNGAN),
    "attngan_4stage": ("AttnGAN with a fourth stage: captions to pictures", ATTNGAN),
    "attngan_grown": ("AttnGAN with a fourth stage grown on three: captions to pictures", ATTNGAN),
    "r3gan": ("R3GAN that is told captions: captions to pictures", HUANG),
    "dfgan": ("DF-GAN: captions to pictures", TAO),
    "stackgan_v2": ("StackGAN-v2: captions to pictures", STACKGAN_V2),
    "s2igan": ("S2IGAN: spoken captions to pictures", S2IGAN),
    "speech_to_image": ("Direct speech-to-image translation: spoken captions to pictures", LI),
    "stackgan_stage1": ("StackGAN, the sketch: captions to pictures", STACKGAN),
    "stackgan_stage2": ("StackGAN, the refinement: captions to pictures", STACKGAN),
    "gan": ("A GAN that is told the caption: captions to pictures", GAN_CLS),
    "gan_cls": ("GAN-CLS: captions to pictures", GAN_CLS),
    "gan_int": ("GAN-INT: captions to pictures", GAN_CLS),
    "gan_int_cls": ("GAN-INT-CLS: captions to pictures", GAN_CLS),
    "style_encoder": (
        "A style encoder with its generator: captions in the style of pictures",
        GAN_CLS,
    ),
    "damsm": ("DAMSM: similarity of captions and pictures", ATTNGAN),
    "damsm_speech": ("DAMSM on sound: similarity of spoken captions and pictures", ATTNGAN),
    "speech_embedding": ("S2IGAN's joint embedding of spoken captions and pictures", S2IGAN),
    "speech_teacher": ("An encoder of spoken captions, taught by a fixed one of pictures", LI),
    "hearing": ("An encoder of spoken captions that reads out what they state", ""),
    "char_cnn_rnn": ("Joint embedding of captions, by letters, and pictures", EMBEDDING),
    "word_cnn_rnn": (
        "Joint embedding of captions, by convolutions and a recurrent layer over words, and "
        "pictures",
        EMBEDDING,
    ),
    "word_lstm": ("Joint embedding of captions, by an LSTM over words, and pictures", EMBEDDING),
    "minilm": (
        "Joint embedding of captions, by a fixed MiniLM under a linear head, and pictures",
        f"{EMBEDDING}; Wang et al. 2020, https://arxiv.org/abs/2002.10957",
    ),
    "classifier": ("A classifier that reads attributes, or the class, of a picture or a sound", ""),
    "autoencoder": ("An autoencoder, whose features other networks are told", CHEN),
    "cross_modal_s2i": ("Sounds to pictures", CHEN),
    "cross_modal_i2s": ("Pictures to sounds", CHEN),
    "cmcgan": ("CMCGAN: sounds to pictures, and pictures to sounds", CMCGAN),
    "cmcgan_classifier": ("What a picture and a sound tell together", CMCGAN),
    "wav2pix": ("Wav2Pix: waveforms to pictures", WAV2PIX),
    "speech2face": ("Speech2Face: sounds to what belongs to them, on average", SPEECH2FACE),
    "tgans_c": ("TGANs-C: captions to clips", PAN),
    "gan_cls_3d": ("GAN-CLS with convolutions of clips: captions to clips", PAN),
    "sentence_autoencoder": ("A sentence encoder that a decoder can write again from", PAN),
    "vgan": ("VGAN: noise to clips", VONDRICK),
    "vgan_text": ("VGAN that is told captions: captions to clips", VONDRICK),
    "vgan_image": ("VGAN from a picture: pictures to the clips that begin with them", VONDRICK),
    "sentence_vae": ("A variational autoencoder of captions", "Bowman et al. 2016"),
    "siamese": ("Captions and pictures in one space, by a fixed network of each", ""),
    "text_to_clip": ("Captions to pictures, and these to clips", VONDRICK),
    "face_decoder": ("A decoder of pictures from their features", COLE),
}
