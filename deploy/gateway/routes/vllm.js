// What may be asked of vLLM from outside: JSON, with one line before it. README.md shows it as a table.
export default {
  "engine": "vllm",
  "paths": {
    "/health": {"method": "GET"},
    "/v1/models": {"method": "GET"},
    "/tokenize": {
      "method": "POST",
      "fields": {
        "model": {"kind": "text", "length": 128, "says": "a text of at most 128 characters", "required": true},
        "prompt": {"kind": "text", "length": 65536, "says": "a text of at most 65536 characters", "required": true},
        "add_special_tokens": {"kind": "boolean", "says": "true or false"}
      }
    },
    "/detokenize": {
      "method": "POST",
      "fields": {
        "model": {"kind": "text", "length": 128, "says": "a text of at most 128 characters", "required": true},
        "tokens": {"kind": "integers", "count": 16384, "least": 0, "most": 49151, "says": "a list of 0 to 16384 token ids from 0 to 49151"}
      }
    },
    "/v1/completions": {
      "method": "POST",
      "fields": {
        "model": {"kind": "text", "length": 128, "says": "a text of at most 128 characters", "required": true},
        "prompt": {"kind": "integers", "count": 16384, "least": 0, "most": 49151, "says": "a list of 1 to 16384 token ids from 0 to 49151", "required": true},
        "max_tokens": {"kind": "integer", "least": 1, "most": 512, "says": "an integer from 1 to 512", "default": 64},
        "stream": {"kind": "boolean", "says": "true or false"},
        "stream_options": {"kind": "flags", "of": ["include_usage", "continuous_usage_stats"], "says": "an object of include_usage and continuous_usage_stats, true or false"},
        "stop_token_ids": {"kind": "integers", "count": 64, "least": 0, "most": 49151, "says": "a list of 0 to 64 token ids from 0 to 49151"},
        "temperature": {"kind": "number", "least": 0, "most": 2, "says": "a number from 0 to 2"},
        "top_k": {"kind": "integer", "least": -1, "most": 49152, "says": "an integer from -1 to 49152"},
        "top_p": {"kind": "number", "least": 0, "most": 1, "says": "a number from 0 to 1"},
        "repetition_penalty": {"kind": "number", "least": 0.01, "most": 2, "says": "a number from 0.01 to 2"},
        "structured_outputs": {"kind": "start", "of": "^(?:[^\\\\.^$*+?{}\\[\\]|()/-]|\\\\[\\\\.^$*+?{}\\[\\]|()/-]){1,512}\\(\\.\\|\\\\n\\)\\*$", "says": "an object of a regex, one literal and anything behind it"},
        "skip_special_tokens": {"kind": "boolean", "says": "true or false"},
        "add_special_tokens": {"kind": "boolean", "says": "true or false"},
        "return_token_ids": {"kind": "boolean", "says": "true or false"},
        "cache_salt": {"user": true}
      }
    }
  }
};
