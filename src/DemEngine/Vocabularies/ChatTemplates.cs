using System.Collections.Immutable;

namespace DemEngine.Vocabularies;

/// <summary>
/// The chat templates that a recipe can set by name, as Jinja over <c>messages</c>, <c>add_generation_prompt</c>,
/// <c>bos_token</c> and <c>eos_token</c>, the variables that Hugging Face's tokenizers give. The forms of the prompts are the
/// published ones of each family.
/// </summary>
internal static class ChatTemplates
{
    /// <summary>The word for the template that most of the models have.</summary>
    public const string Auto = "auto";

    // Stanford Alpaca's prompt without input.
    private const string Alpaca = """
        {%- for message in messages -%}
          {%- if message['role'] == 'system' -%}
            {{- message['content'] + '\n\n' -}}
          {%- elif message['role'] == 'user' -%}
            {{- '### Instruction:\n' + message['content'] + '\n\n' -}}
          {%- elif message['role'] == 'assistant' -%}
            {{- '### Response:\n' + message['content'] + (eos_token or '') + '\n\n' -}}
          {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
          {{- '### Response:\n' -}}
        {%- endif -%}
        """;

    // OpenAI's Chat Markup Language.
    private const string ChatMl = """
        {%- for message in messages -%}
          {{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
          {{- '<|im_start|>assistant\n' -}}
        {%- endif -%}
        """;

    // LG AI Research, EXAONE 3.0: a turn of the user ends with a line feed and every other one with its own token.
    private const string Exaone = """
        {%- if messages and messages[0]['role'] != 'system' -%}
          {{- '[|system|][|endofturn|]\n' -}}
        {%- endif -%}
        {%- for message in messages -%}
          {{- '[|' + message['role'] + '|]' + message['content'] -}}
          {{- '\n' if message['role'] == 'user' else '[|endofturn|]\n' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
          {{- '[|assistant|]' -}}
        {%- endif -%}
        """;

    // Meta, Llama 3 prompt format.
    private const string Llama3 = """
        {{- bos_token or '' -}}
        {%- for message in messages -%}
          {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
          {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
        {%- endif -%}
        """;

    // Mistral AI, instruction format of Mistral 7B: there is no role for the system, whose text goes before the user's first.
    private const string Mistral = """
        {{- bos_token or '' -}}
        {%- set turn = namespace(system='') -%}
        {%- for message in messages -%}
          {%- if message['role'] == 'system' -%}
            {%- set turn.system = message['content'] + '\n\n' -%}
          {%- elif message['role'] == 'user' -%}
            {{- '[INST] ' + turn.system + message['content'] + ' [/INST]' -}}
            {%- set turn.system = '' -%}
          {%- elif message['role'] == 'assistant' -%}
            {{- ' ' + message['content'] + (eos_token or '') -}}
          {%- endif -%}
        {%- endfor -%}
        """;

    private static readonly ImmutableSortedDictionary<string, string> ByName = new Dictionary<string, string>
    {
        ["alpaca"] = Alpaca,
        ["chatml"] = ChatMl,
        ["exaone"] = Exaone,
        ["llama3"] = Llama3,
        ["mistral"] = Mistral,
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Names of the templates.</summary>
    public static IEnumerable<string> Names => ByName.Keys;

    /// <summary>Finds a template by its name; null if there is none.</summary>
    public static string? Find(string name) => ByName.GetValueOrDefault(name)?.ReplaceLineEndings("\n");

    /// <summary>Whether a text that names no template can be one itself.</summary>
    public static bool IsJinja(string text) =>
        text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal);
}
