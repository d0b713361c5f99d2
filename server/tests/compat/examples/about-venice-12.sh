# Alternative approach: append parameters directly to model ID
curl https://api.venice.ai/api/v1/chat/completions \
  -H "Authorization: Bearer $VENICE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "qwen3-235b:strip_thinking_response=true",
    "messages": [{ "role": "user", "content": "Solve this math problem" }]
  }'
