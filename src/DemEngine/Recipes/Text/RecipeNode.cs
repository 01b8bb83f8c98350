namespace DemEngine.Recipes.Text;

/// <summary>A piece of YAML with its line, before it means anything.</summary>
/// <param name="Line">The line it starts on, from 1.</param>
/// <param name="Size">How many nodes it holds, itself included, with every alias followed.</param>
internal abstract record RecipeNode(int Line, long Size);

/// <summary>A scalar.</summary>
/// <param name="Line">The line it starts on.</param>
/// <param name="Text">Its text, with quotes and escapes resolved.</param>
/// <param name="IsPlain">True if it was written without quotes, and so may be a number, a boolean or nothing.</param>
internal sealed record TextNode(int Line, string Text, bool IsPlain) : RecipeNode(Line, 1);

/// <summary>A sequence.</summary>
internal sealed record ListNode(int Line, IReadOnlyList<RecipeNode> Items) : RecipeNode(Line, 1 + Items.Sum(item => item.Size));

/// <summary>A mapping, its keys in the order written.</summary>
internal sealed record MapNode(int Line, IReadOnlyList<MapEntry> Entries)
    : RecipeNode(Line, 1 + Entries.Sum(entry => 1 + entry.Value.Size));

/// <summary>One key of a mapping.</summary>
internal sealed record MapEntry(string Key, int Line, RecipeNode Value);
