// What may be asked of llama-server from outside: JSON, with one line before it. README.md shows it as a table.
export default {
  "engine": "llama-server",
  "paths": {
    "/health": {"method": "GET"},
    "/v1/models": {"method": "GET"},
    "/tokenize": {
      "method": "POST",
      "fields": {
        "content": {"kind": "text", "length": 65536, "says": "a text of at most 65536 characters", "required": true},
        "add_special": {"kind": "boolean", "says": "true or false"},
        "parse_special": {"kind": "boolean", "says": "true or false"}
      }
    },
    "/detokenize": {
      "method": "POST",
      "fields": {
        "tokens": {"kind": "integers", "count": 16384, "least": 0, "most": 49151, "says": "a list of 0 to 16384 token ids from 0 to 49151"}
      }
    },
    "/completion": {
      "method": "POST",
      "fields": {
        "prompt": {"kind": "integers", "count": 16384, "least": 0, "most": 49151, "says": "a list of 1 to 16384 token ids from 0 to 49151", "required": true},
        "n_predict": {"kind": "integer", "least": 0, "most": 512, "says": "an integer from 0 to 512", "default": 64},
        "stream": {"kind": "boolean", "says": "true or false"},
        "cache_prompt": {"kind": "boolean", "says": "true or false"},
        "return_tokens": {"kind": "boolean", "says": "true or false"},
        "return_progress": {"kind": "boolean", "says": "true or false"},
        "timings_per_token": {"kind": "boolean", "says": "true or false"},
        "temperature": {"kind": "number", "least": 0, "most": 2, "says": "a number from 0 to 2"},
        "samplers": {"kind": "choices", "count": 1, "of": ["temperature"], "says": "a list of at most 1 sampler, temperature"},
        "grammar": {"kind": "pattern", "of": "^root ::= \"(?:\\\\U[0-9A-F]{8}){1,256}\" \\[\\\\U00000000-\\\\U0010FFFF\\]\\*$", "says": "a grammar of one literal in \\U escapes and anything behind it"},
        "t_max_predict_ms": {"kind": "integer", "least": 1, "most": 60000, "says": "an integer from 1 to 60000", "default": 30000}
      }
    }
  }
};
