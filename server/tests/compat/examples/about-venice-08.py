import openai

client = openai.OpenAI(
    api_key="your-api-key",
    base_url="https://api.venice.ai/api/v1"
)

response = client.chat.completions.create(
    model="qwen3-235b",
    messages=[{"role": "user", "content": "What are the latest developments in AI?"}],
    extra_body={"venice_parameters": {"enable_web_search": "auto"}}
)

print(response.choices[0].message.content)
