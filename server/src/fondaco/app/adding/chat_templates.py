"""Chat templates of model files: their capabilities, detected by rendering them in the sandbox."""

from fondaco.app.engines import opened_templates
from fondaco.configuration.own_files import TemplateProfile
from fondaco.domain.errors import FondacoError
from fondaco.ports import Templates

_TOOL = "look_up_the_tide"
"""A name that no template says of itself."""
_THINK_TAG, _END = "<think>", "</think>"
_CONVERSATION = ({"role": "user", "content": "Good morning!"},)
_MARKS = {"bos_token": "<s>", "eos_token": "</s>"}
_TOOLS = (
    {
        "type": "function",
        "function": {
            "name": _TOOL,
            "description": "Says when the tide is high.",
            "parameters": {"type": "object", "properties": {"harbour": {"type": "string"}}},
        },
    },
)


async def profile_of(template: str | None) -> TemplateProfile:
    """Detect a template's features; one that cannot be rendered here is not usable."""
    if template is None:
        return TemplateProfile()
    async with opened_templates() as templates:
        default = await _rendered(templates, template)
        if default is None:
            # llama.cpp may still render it; only its text is inspected.
            return TemplateProfile(calls_tools="tools" in template, thinks=_THINK_TAG in template)
        without_thinking = await _rendered(templates, template, enable_thinking=False)
        tools = await _rendered(templates, template, tools=_TOOLS)
    opens_think_tag = default.rfind(_THINK_TAG) > default.rfind(_END)
    return TemplateProfile(
        usable=True,
        calls_tools=tools is not None and _TOOL in tools,
        thinks=_THINK_TAG in template,
        opens_think_tag=opens_think_tag,
        switchable=without_thinking is not None and without_thinking != default,
    )


async def _rendered(templates: Templates, template: str, **variables: object) -> str | None:
    context = {"messages": _CONVERSATION, "add_generation_prompt": True, **_MARKS, **variables}
    try:
        return await templates.render(template, context)
    except FondacoError:
        return None
