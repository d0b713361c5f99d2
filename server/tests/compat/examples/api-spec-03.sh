curl https://api.venice.ai/api/v1/chat/completions \
  -H "Authorization: Bearer $VENICE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "venice-uncensored",
    "messages": [
      { "role": "system", "content": "Your custom system prompt" },
      { "role": "user", "content": "Why is the sky blue?" }
    ],
    "venice_parameters": { "include_venice_system_prompt": false }
  }'
