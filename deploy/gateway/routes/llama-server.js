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
        "parse_special": {"kind": "boolean", "says": "true or false"},
        "with_pieces": {"kind": "boolean", "says": "true or false"}
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
        "stop": {"kind": "texts", "count": 16, "length": 64, "says": "a list of at most 16 texts of at most 64 characters"},
        "temperature": {"kind": "number", "least": 0, "most": 2, "says": "a number from 0 to 2"},
        "top_k": {"kind": "integer", "least": 0, "most": 49152, "says": "an integer from 0 to 49152"},
        "top_p": {"kind": "number", "least": 0, "most": 1, "says": "a number from 0 to 1"},
        "min_p": {"kind": "number", "least": 0, "most": 1, "says": "a number from 0 to 1"},
        "repeat_penalty": {"kind": "number", "least": 0, "most": 2, "says": "a number from 0 to 2"},
        "seed": {"kind": "integer", "least": -1, "most": 4294967295, "says": "an integer from -1 to 4294967295"},
        "samplers": {"kind": "choices", "count": 9, "of": ["penalties", "top_k", "top_p", "min_p", "temperature"], "says": "a list of penalties, top_k, top_p, min_p, temperature"},
        "n_probs": {"kind": "integer", "least": 0, "most": 32, "says": "an integer from 0 to 32"},
        "post_sampling_probs": {"kind": "boolean", "says": "true or false"},
        "logit_bias": {"kind": "biases", "count": 256, "least": 0, "most": 49151, "says": "a list of at most 256 pairs of a token id and false or a number from -100 to 100"},
        "grammar": {"kind": "pattern", "of": "^root ::= \"(?:\\\\U[0-9A-F]{8}){1,256}\" \\[\\\\U00000000-\\\\U0010FFFF\\]\\*$", "says": "a grammar of one literal in \\U escapes and anything behind it"},
        "t_max_predict_ms": {"kind": "integer", "least": 1, "most": 60000, "says": "an integer from 1 to 60000", "default": 30000},
        "n_cache_reuse": {"kind": "integer", "least": 0, "most": 4096, "says": "an integer from 0 to 4096"},
        "response_fields": {"kind": "texts", "count": 32, "length": 64, "says": "a list of at most 32 texts of at most 64 characters"}
      }
    }
  }
};
