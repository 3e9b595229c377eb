"""Training a speech encoder by a fixed image encoder (Li et al. 2020)."""

from __future__ import annotations

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.speech_teacher import SpeechTeacher
from experiments.frontend.distortion import Distortion
from experiments.loss.teacher_student import TeacherStudentLoss
from experiments.system.base import EmbeddingTraining, Losses, Phase, Term
from experiments.system.seeding import Step


class SpeechTeacherTraining(EmbeddingTraining):
    """One phase over the student; the teacher only looks."""

    encoder: SpeechTeacher

    def __init__(
        self,
        encoder: SpeechTeacher,
        teacher_student: TeacherStudentLoss,
        image_size: int,
        distortion: Distortion | None = None,
    ) -> None:
        super().__init__(encoder, image_size, distortion)
        self.teacher_student = teacher_student

    def phases(self) -> list[Phase]:
        return [Phase("embedding", (self.encoder,), self.loss)]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """The three terms over the pairs of all processes."""
        captions = batch.of(Captions)
        _, sentence = self.encoder.encode_text(captions.tokens, captions.lengths)
        student = self.encoder.learn(sentence)
        teacher = self.encoder.teach(batch.of(Pictures).images[-1])
        found = self.teacher_student(
            step.gather(student.float()), step.gather(teacher.float()), step.gather(batch.labels)
        )
        weights = self.teacher_student.weights
        return {name: Term(value, weights[name]) for name, value in found.items()}
