"""The window's side of the worker without a process: a test answers when it likes."""

from __future__ import annotations

from typing import Any

from mpt_studio.gui.beside.jobs import Job


class FakeRequest(Job):
    def __init__(self, job: str, args: dict[str, Any], on_result: Any, on_error: Any, on_progress: Any) -> None:
        super().__init__(job)
        self.job, self.args = job, args
        self._on_result, self._on_error, self.tell = on_result, on_error, on_progress

    def answer(self, result: dict[str, Any]) -> None:
        self.finish()
        self._on_result(result)

    def fail(self, sentence: str, detail: str = "") -> None:
        self.finish()
        self._on_error(sentence, detail)


class FakeWorker:
    def __init__(self) -> None:
        self.asked: list[FakeRequest] = []

    def request(
        self, job: str, args: dict, on_result=None, on_error=None, on_progress=None, title: str = "", latest: str = ""
    ) -> FakeRequest:
        self.asked.append(FakeRequest(job, args, on_result, on_error, on_progress))
        return self.asked[-1]

    def close(self) -> None:
        """As the window asks at its end."""

    @property
    def last(self) -> FakeRequest:
        return self.asked[-1]
