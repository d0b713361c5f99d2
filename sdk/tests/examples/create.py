import asyncio
from venice_ai import VeniceClient

async def main():
    async with VeniceClient() as client:
        model = await client.models.resolve_chat()
        response = await client.chat.completions.create(
            model=model,
            messages=[
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": "Explain async programming in Python."},
            ],
            temperature=0.3,
        )
        print(response.choices[0].message.content)

asyncio.run(main())

# Streaming variant
async def stream_example():
    async with VeniceClient() as client:
        model = await client.models.resolve_chat()
        async for chunk in await client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Tell me a story."}],
            stream=True,
            max_completion_tokens=200,
        ):
            content = chunk.choices[0].delta.content or ""
            if content:
                print(content, end="", flush=True)

asyncio.run(stream_example())
