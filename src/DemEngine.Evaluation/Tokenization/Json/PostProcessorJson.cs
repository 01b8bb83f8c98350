using System.Text.Json;
using DemEngine.Errors;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>
/// The <c>post_processor</c> of a <c>tokenizer.json</c>, as far as it concerns the tokens that begin and end a text.
/// </summary>
internal static class PostProcessorJson
{
    /// <summary>Reads the id that begins every text; null if there is none.</summary>
    /// <param name="processor">Post-processor of the file; null if there is none.</param>
    /// <param name="end">Id that ends a text, which the processor may add too. Texts are ended with it in any case.</param>
    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the post-processor is not supported, or it is damaged.
    /// </exception>
    public static int? BeginOfText(TokenizerNode? processor, int? end)
    {
        if (processor is not { } node)
            return null;
        switch (node.Type)
        {
            // ByteLevel concerns only offsets into the text.
            case "ByteLevel":
                return null;
            case "Sequence":
                int?[] found =
                    [.. node.Objects("processors").Select(step => BeginOfText(step, end)).Where(id => id is not null)];
                return found.Length < 2
                    ? found.FirstOrDefault()
                    : throw node.Unsupported("begins a text with several tokens, which is not supported");
            case "TemplateProcessing":
                return Template(node, end);
            default:
                throw node.Unsupported($"is of type {Quoted.Name(node.Type)}, which is not supported");
        }
    }

    private static int? Template(TokenizerNode node, int? end)
    {
        var before = new List<int>();
        bool text = false;
        foreach (TokenizerNode step in node.Objects("single"))
        {
            if (step.Object("Sequence") is not null)
            {
                text = text ? throw node.Unsupported("repeats the text, which is not supported") : true;
            }
            else
            {
                int id = Special(
                    node,
                    step.Object("SpecialToken")?.Text("id") ?? throw step.Bad("neither Sequence nor SpecialToken"));
                if (!text)
                    before.Add(id);
                else if (id != end)
                    throw node.Unsupported(
                        $"ends a text with a token that {TokenizerConfig.FileName} does not name as eos_token, "
                        + "which is not supported");
            }
        }

        if (!text)
            throw node.Bad("\"single\" leaves the text out");
        return before.Count switch
        {
            0 => null,
            1 => before[0],
            _ => throw node.Unsupported("begins a text with several tokens, which is not supported"),
        };
    }

    private static int Special(TokenizerNode node, string name)
    {
        TokenizerNode token =
            node.Object("special_tokens")?.Object(name) ?? throw node.Bad($"special_tokens lacks {Quoted.Name(name)}");
        JsonElement[] ids = [.. token.List("ids")];
        return ids.Length == 1
            ? token.Id("ids", ids[0])
            : throw token.Unsupported("stands for several ids, which is not supported");
    }
}
