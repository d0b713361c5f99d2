import asyncio
from venice_ai import VeniceClient

async def chat_conversation():
    async with VeniceClient() as client:
        # Single-turn conversation
        response = await client.chat.completions.create(
            model="llama-3.3-70b",
            messages=[
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": "Explain quantum computing"}
            ],
            temperature=0.7,
            max_completion_tokens=500
        )
        print(response["choices"][0]["message"]["content"])

asyncio.run(chat_conversation())
