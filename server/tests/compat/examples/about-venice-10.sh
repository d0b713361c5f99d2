curl https://api.venice.ai/api/v1/chat/completions \
  -H "Authorization: Bearer $VENICE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "qwen3-235b",
    "messages": [
      {
        "role": "user",
        "content": "Solve: If x + 2y = 10 and 3x - y = 5, what are x and y?"
      }
    ],
    "venice_parameters": { "strip_thinking_response": false }
  }'
