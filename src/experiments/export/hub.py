"""An export on the Hugging Face Hub: the files that it was written with, and no others.

Needs a token and a network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.run import folder as files
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of


def require_login(repository: str) -> None:
    """Raise `UserError` where nothing could be pushed: no network wanted, or no token."""
    from huggingface_hub import constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise UserError(
            f"export.hub={repository}: HF_HUB_OFFLINE is set, so nothing can be pushed; unset it"
        )
    if not get_token():
        raise UserError(
            f"export.hub={repository}: nobody is logged in; run `hf auth login` with a token that "
            "may write, or set HF_TOKEN"
        )


def upload(repository: str, folder: Path) -> dict[str, Any]:
    """The arguments of the call that pushes an export: what was drawn with it later, or lies in
    its folder by chance, stays here."""
    about = files.export_about(folder)
    what = (
        f"{about['model']}-{about['data']} {about['id']} after "
        f"{number_of(about['images'], 'image')}"
    )
    return {
        "repo_id": repository,
        "repo_type": "model",
        "folder_path": folder,
        "commit_message": f"{what}, exported by birdsong {about['birdsong']}",
        "allow_patterns": [*about["sha256"], files.EXPORT],
        "delete_patterns": ["samples/*"],  # an older sheet
    }


def push(repository: str, folder: Path, private: bool) -> str:
    """`pushed` as a command does; returns the address of the repository."""
    again = f"task=export run={folder} export.hub={repository} tries again"
    return pushed(repository, folder, private, again=f"; the export is whole in {folder}: {again}")[
        0
    ]


def pushed(
    repository: str,
    folder: Path,
    private: bool,
    token: str | bool | None = None,
    again: str = "",
    **options: Any,
) -> tuple[str, str]:
    """Push an export; returns the addresses of the repository, which is made where it is missing,
    and of the commit. `options`: of the client's `upload_folder`. `again`: what to do where it was
    not pushed.

    Raises `UserError` where the repository holds something else, and where the hub cannot be
    reached or refuses: what is there stays as it was then.
    """
    from huggingface_hub import HfApi

    arguments = upload(repository, folder) | options
    api = HfApi(token=token)
    try:
        made = api.create_repo(repository, private=private, repo_type="model", exist_ok=True)
        there = set(api.list_repo_files(repository)) - {".gitattributes", "README.md"}
        if there and files.EXPORT not in there:
            raise UserError(
                f"export.hub={repository}: holds files that are no export; name another repository"
            )
        if (branch := arguments.get("revision")) is not None and not arguments.get("create_pr"):
            api.create_branch(repository, branch=branch, exist_ok=True)
        commit = api.upload_folder(**arguments)
    except UserError:
        raise
    except Exception as error:  # each version of the client has others
        raise UserError(
            f"export.hub={repository}: was not pushed ({_reason(error)}){again}"
        ) from None
    return str(made), str(commit)


def _reason(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    known = {
        401: "the token is not valid; run `hf auth login`",
        403: "the token may not write there",
        404: "there is no such owner, or the token may not see it",
    }
    if status in known:
        return known[status]
    return f"the hub answered {status}" if status else f"no answer, {type(error).__name__}"
