# Alternative approach: append parameters directly to model ID
curl https://api.venice.ai/api/v1/chat/completions \
  -H "Authorization: Bearer $VENICE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "qwen3-235b:enable_web_search=on&enable_web_citations=true",
    "messages": [{ "role": "user", "content": "What are the latest developments in AI?" }]
  }'
