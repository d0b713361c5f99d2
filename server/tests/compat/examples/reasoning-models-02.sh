curl https://api.venice.ai/api/v1/chat/completions \
  -H "Authorization: Bearer $VENICE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "qwen3-235b-a22b-thinking-2507",
    "messages": [{ "role": "user", "content": "What is 15% of 240?" }]
  }'
