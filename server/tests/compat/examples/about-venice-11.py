import openai

client = openai.OpenAI(
    api_key="your-api-key",
    base_url="https://api.venice.ai/api/v1"
)

response = client.chat.completions.create(
    model="qwen3-235b",
    messages=[
        {
            "role": "user",
            "content": "Solve: If x + 2y = 10 and 3x - y = 5, what are x and y?"
        }
    ],
    extra_body={"venice_parameters": {"strip_thinking_response": False}}
)

print(response.choices[0].message.content)
