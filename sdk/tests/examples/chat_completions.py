from venice_ai import VeniceClient
import asyncio

async def main():
    # Initialize the async client
    async with VeniceClient(api_key="your-api-key") as client:
        # Create a chat completion asynchronously
        response = await client.chat.completions.create(
            model="venice-1",
            messages=[
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": "Tell me about Venice AI."}
            ]
        )
        # Access the response content
        print(response["choices"][0]["message"]["content"])

# Run the async function
asyncio.run(main())
