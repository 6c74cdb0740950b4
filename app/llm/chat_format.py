"""The chat format of a model: from its GGUF file, or ChatML where it has none."""

from __future__ import annotations

from collections.abc import Callable

_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def chat_format(source: bytes | None) -> Callable[[str, str], str]:
    """Returns a function (system, user) -> prompt text, from the model's Jinja template, which runs in a sandbox."""
    from jinja2.exceptions import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.globals["raise_exception"] = raise_exception
    template = environment.from_string(source.decode("utf-8", "replace") if source else _CHATML)

    def render(system: str, user: str) -> str:
        both = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        alone = [{"role": "user", "content": f"{system}\n\n{user}"}]
        for messages in (both, alone):  # some families know no system message
            try:
                return template.render(messages=messages, add_generation_prompt=True, bos_token="", eos_token="")
            except TemplateError:
                continue
        return environment.from_string(_CHATML).render(messages=both, add_generation_prompt=True)

    return render
