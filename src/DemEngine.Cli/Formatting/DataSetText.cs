using DemEngine.Evaluation.Language;

namespace DemEngine.Cli.Formatting;

/// <summary>Says what a data file was taken for.</summary>
internal static class DataSetText
{
    /// <summary>The form of a set's rows, the template of its chats, and how much of it is predicted.</summary>
    public static string Describe(DataSet set)
    {
        string forms = string.Join(", ", set.Forms).ToLowerInvariant();
        string template = set.ChatTemplate is { } name ? $" by {name}" : "";
        long tokens = set.Examples.Sum(example => (long)example.Tokens.Length);
        return Printable.Text(
            $"{set.Name}: {set.Rows} rows as {forms}{template}; {set.Examples.Length} sequences, {tokens} tokens, "
            + $"{set.Targets} of them predicted");
    }
}
