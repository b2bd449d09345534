"""The page served over HTTP or HTTPS, behind its `guard.Guard`."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from neural_style.web.guard import Guard
from neural_style.web.login import Login
from neural_style.web.routes import LARGEST_UPLOAD

STYLESHEET = Path(__file__).with_name("page.css")

PATIENCE = 1
"""Seconds that open connections have to end when the page does."""


@dataclass(frozen=True)
class Access:
    """Who may see the page.

    `names` are those by which it may be asked for, `user` and `password` what is asked of a visitor (None: nothing),
    `certificate` and `key` the files for HTTPS (None: HTTP).
    """

    names: list
    user: str
    password: str | None = None
    certificate: str | None = None
    key: str | None = None


class Server:
    """Serves a `page.Page` at a socket, in a thread, until it is closed."""

    def __init__(self, page, listener, access):
        application = _application(page, access)
        config = uvicorn.Config(
            application,
            log_level="warning",
            ssl_certfile=access.certificate,
            ssl_keyfile=access.key,
            timeout_graceful_shutdown=PATIENCE,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="page", daemon=True)
        self._thread.start()

    def close(self):
        # That open pages lose their connection is nothing to be told of.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server.should_exit = True
        self._thread.join(2 * PATIENCE)


def _application(page, access):
    """Return the ASGI application of a page."""
    # Otherwise a page from elsewhere, whose name is made to mean this machine, could use this one through its visitor.
    names = ["*"] if access.password else access.names
    system = ["system-ui", "sans-serif"]
    theme = gr.themes.Default(
        primary_hue="indigo", neutral_hue="slate", font=system, font_mono=["ui-monospace", "monospace"]
    ).set(  # What helps is to be read.
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_info_text_size="13px",
        button_small_text_size="13px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
    )
    middleware = [Middleware(Guard, get_upload_folder()), Middleware(TrustedHostMiddleware, allowed_hosts=names)]
    if access.password:
        middleware.append(Middleware(Login, access.user, access.password, over_https=access.certificate is not None))
    application = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=middleware,
        routes=page.routes(),
    )
    page.blocks.queue(default_concurrency_limit=8)
    return gr.mount_gradio_app(
        application,
        page.blocks,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        theme=theme,
        css_paths=[STYLESHEET],
    )
