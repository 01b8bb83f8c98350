namespace DemEngine.Recipes.Text;

/// <summary>A piece of YAML with its line, before it is interpreted.</summary>
/// <param name="Line">Line on which the node starts, counted from 1.</param>
/// <param name="Size">Number of nodes in the subtree, including the node itself, with every alias expanded.</param>
internal abstract record RecipeNode(int Line, long Size);

/// <summary>A scalar node.</summary>
/// <param name="Line">Line on which the scalar starts, counted from 1.</param>
/// <param name="Text">Text of the scalar, with quotes and escapes resolved.</param>
/// <param name="IsPlain">True if it was written without quotes, so that it may be a number, a boolean or nothing.</param>
internal sealed record TextNode(int Line, string Text, bool IsPlain) : RecipeNode(Line, 1);

/// <summary>A sequence node.</summary>
internal sealed record ListNode(int Line, IReadOnlyList<RecipeNode> Items) : RecipeNode(Line, 1 + Items.Sum(item => item.Size));

/// <summary>A mapping node with its keys in the order written.</summary>
internal sealed record MapNode(int Line, IReadOnlyList<MapEntry> Entries)
    : RecipeNode(Line, 1 + Entries.Sum(entry => 1 + entry.Value.Size));

/// <summary>One entry of a mapping: a key and its value.</summary>
internal sealed record MapEntry(string Key, int Line, RecipeNode Value)
{
    /// <summary>Whether the document uses an anchor of the value elsewhere. It is only known of the root's entries.</summary>
    public bool IsUsedElsewhere { get; init; }
}
