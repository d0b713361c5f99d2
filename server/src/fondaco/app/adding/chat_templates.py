"""Chat templates of model files: what they can do, found out by rendering them in the sandbox."""

from fondaco.app.engines import opened_templates
from fondaco.configuration.own_files import TemplateProfile
from fondaco.domain.errors import FondacoError
from fondaco.ports import Templates

_TOOL = "look_up_the_tide"
"""A name that no template says of itself."""
_THOUGHT, _END = "<think>", "</think>"
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
    """Return how a template behaves; one that cannot be rendered here is not usable."""
    if template is None:
        return TemplateProfile()
    async with opened_templates() as templates:
        plain = await _rendered(templates, template)
        if plain is None:
            # llama.cpp may know it all the same; of it only the words are seen.
            return TemplateProfile(calls_tools="tools" in template, thinks=_THOUGHT in template)
        quiet = await _rendered(templates, template, enable_thinking=False)
        tools = await _rendered(templates, template, tools=_TOOLS)
    opened = plain.rfind(_THOUGHT) > plain.rfind(_END)
    return TemplateProfile(
        usable=True,
        calls_tools=tools is not None and _TOOL in tools,
        thinks=_THOUGHT in template,
        begun=opened,
        switchable=quiet is not None and quiet != plain,
    )


async def _rendered(templates: Templates, template: str, **variables: object) -> str | None:
    asked = {"messages": _CONVERSATION, "add_generation_prompt": True, **_MARKS, **variables}
    try:
        return await templates.render(template, asked)
    except FondacoError:
        return None
