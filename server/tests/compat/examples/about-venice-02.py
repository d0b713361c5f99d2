import openai

client = openai.OpenAI(
    api_key="your-api-key",
    base_url="https://api.venice.ai/api/v1"
)

response = client.chat.completions.create(
    model="venice-uncensored",
    messages=[{"role": "user", "content": "Hello World!"}]
)

print(response.choices[0].message.content)
