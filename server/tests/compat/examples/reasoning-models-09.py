response = client.chat.completions.create(
    model="qwen3-4b",
    messages=[{"role": "user", "content": "What is 15% of 240?"}],
    extra_body={"venice_parameters": {"strip_thinking_response": True}}
)
