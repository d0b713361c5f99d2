curl https://api.venice.ai/api/v1/chat/completions \
  -H "Authorization: Bearer $VENICE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{ "model": "venice-uncensored", "messages": [{ "role": "user", "content": "Hello!" }] }'
