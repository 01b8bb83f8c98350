using System.Text;
using DemEngine.Recipes.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DemEngine.Recipes;

/// <summary>
/// Turns YAML text into nodes. It uses the parser's events rather than its object model, which recurses as deep as the text
/// nests; this way depth, aliases and duplicate keys can be limited here.
/// </summary>
internal sealed class NodeReader
{
    internal const int MaxBytes = 1 << 20;
    internal const int MaxDepth = 32;
    internal const int MaxNodes = 100_000;
    // Even fully escaped, a key of this length fits the 1024 characters that YAML allows for a key on one line.
    internal const int MaxKeyLength = 128;
    internal const int MaxDocuments = 100;

    private const string MergeKey = "<<";

    private readonly string _text;
    private readonly string _file;
    private readonly IParser _parser;
    private readonly Dictionary<AnchorName, Anchored> _anchors = [];
    private readonly HashSet<int> _usedEntries = [];
    private int _rootEntry;
    private long _nodes;

    private NodeReader(string text, string file)
    {
        _text = text;
        _file = file;
        _parser = new Parser(new SteadyScanner(new StringReader(text)));
    }

    /// <summary>Reads the documents of a YAML text.</summary>
    /// <returns>The root nodes of the documents, without empty documents.</returns>
    /// <exception cref="DemException">
    /// DEM3002 (RecipeNotYaml), DEM3004 (WrongValue), DEM3007 (UnsupportedFeature) or DEM3008 (DuplicateKey).
    /// </exception>
    public static IReadOnlyList<RecipeNode> Read(string text, string file)
    {
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes) throw TooLarge(file);
        var reader = new NodeReader(text, file);
        try
        {
            return reader.ReadDocuments();
        }
        catch (YamlException error)
        {
            string reason = Reason(error);
            bool beginsWithTab = TabIndentation.BeginsWithTab(text);
            if ((beginsWithTab || reason.Contains("tab", StringComparison.Ordinal))
                && TabIndentation.Find(text, beginsWithTab ? 1 : (int)error.End.Line) is { } tab)
                throw Tab(file, tab, error);

            // Where the text ends too early, what was not ended is to be mended, and not the line after the last.
            Mark at = error.Start.Line < error.End.Line && error.End.Index >= text.Length ? error.Start : error.End;
            throw new DemException(
                ErrorCode.RecipeNotYaml, $"{file}:{at.Line}:{at.Column}: not valid YAML: {reason}", error)
            {
                Path = file,
                Line = (int)at.Line,
            };
        }
    }

    public static DemException TooLarge(string file) =>
        new(ErrorCode.RecipeNotYaml, $"{file}: the file is larger than 1 MiB, the most that a recipe may be") { Path = file };

    private List<RecipeNode> ReadDocuments()
    {
        List<RecipeNode> roots = [];
        while (Next())
        {
            if (_parser.Current is not DocumentStart start)
                continue;

            Next();
            _anchors.Clear();
            _usedEntries.Clear();
            RecipeNode root = ReadNode(1);
            if (root is TextNode { IsPlain: true, Text: "" })
                continue;
            if (roots.Count == MaxDocuments)
                throw Error(ErrorCode.RecipeNotYaml, start.Start, $"more than {MaxDocuments} recipes in one file");
            roots.Add(root);
        }

        return roots;
    }

    private bool Next()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (Exception error) when (error is not (YamlException or OutOfMemoryException))
        {
            // On some malformed texts the scanner fails on its own internal state instead of reporting what is wrong.
            Mark last = _parser.Current?.End ?? Mark.Empty;
            if (TabIndentation.Find(_text, (int)last.Line) is { } tab && tab.Line <= last.Line + 1)
                throw Tab(_file, tab, error);
            throw Error(ErrorCode.RecipeNotYaml, last, "not valid YAML: what follows cannot be read");
        }
    }

    // The parser is at the node's first event on entry, and at its last on return.
    private RecipeNode ReadNode(int depth)
    {
        ParsingEvent current = _parser.Current!;
        // The parser accepts some malformed texts and ends a mapping between a key and its value.
        if (current is not NodeEvent and not AnchorAlias)
            throw Error(ErrorCode.RecipeNotYaml, current.Start, "not valid YAML: a value is missing");
        if (++_nodes > MaxNodes) throw TooMany(current.Start);
        if (depth > MaxDepth) throw Error(ErrorCode.RecipeNotYaml, current.Start, $"nested more than {MaxDepth} levels deep");
        if (current is AnchorAlias alias)
        {
            // An anchor is registered once its node is complete, so no alias can refer to a node that contains it.
            if (!_anchors.TryGetValue(alias.Value, out Anchored? anchored))
                throw Error(ErrorCode.RecipeNotYaml, alias.Start,
                    $"the alias {Shown.Quote("*" + alias.Value)} has no anchor before it");
            if (anchored.RootEntry != _rootEntry)
                _usedEntries.Add(anchored.RootEntry);
            return anchored.Node;
        }

        var start = (NodeEvent)current;
        if (!start.Tag.IsEmpty)
            throw Error(ErrorCode.UnsupportedFeature, start.Start,
                $"the YAML tag {Shown.Quote(start.Tag.ToString())} is not supported; leave it out");
        RecipeNode read = start switch
        {
            Scalar scalar when !IsUnicode(scalar.Value) =>
                throw Error(ErrorCode.RecipeNotYaml, scalar.Start, "the text is not valid Unicode"),
            Scalar scalar => new TextNode(Line(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => ReadList(start, depth),
            MappingStart => ReadMap(start, depth),
            _ => throw new InvalidOperationException($"unexpected {start}"),
        };
        if (read.Size > MaxNodes) throw TooMany(start.Start);
        if (!start.Anchor.IsEmpty) _anchors[start.Anchor] = new Anchored(read, _rootEntry);
        return read;
    }

    private ListNode ReadList(NodeEvent start, int depth)
    {
        List<RecipeNode> items = [];
        while (Next() && _parser.Current is not SequenceEnd) items.Add(ReadNode(depth + 1));
        return new ListNode(Line(start.Start), items);
    }

    private MapNode ReadMap(NodeEvent start, int depth)
    {
        List<MapEntry> entries = [];
        List<MapEntry> merged = [];
        Dictionary<string, int> lines = [];
        bool hasMergeKey = false;
        while (Next() && _parser.Current is not MappingEnd)
        {
            Mark mark = _parser.Current!.Start;
            if (depth == 1)
                _rootEntry = entries.Count;
            if (ReadNode(depth + 1) is not TextNode { Text: var key } name)
                throw Error(ErrorCode.WrongValue, mark, "a key must be a plain text, not a list or a mapping");
            if (key.Length > MaxKeyLength)
                throw Error(ErrorCode.WrongValue, mark, $"the key {Shown.Quote(key)} is longer than {MaxKeyLength} characters");
            bool isMergeKey = key == MergeKey && name.IsPlain;
            if (isMergeKey ? hasMergeKey : !lines.TryAdd(key, Line(mark)))
                throw Error(ErrorCode.DuplicateKey, mark, $"the key {Shown.Quote(key)} is given twice"
                    + (isMergeKey ? "; write \"<<: [*first, *second]\"" : $", first on line {lines[key]}"));
            Next();
            RecipeNode value = ReadNode(depth + 1);
            if (isMergeKey)
                merged = Merged(value, mark);
            else
                entries.Add(new MapEntry(key, Line(mark), value));
            hasMergeKey |= isMergeKey;
        }

        if (depth == 1)
            entries = [.. entries.Select((entry, k) => entry with { IsUsedElsewhere = _usedEntries.Contains(k) })];
        return new MapNode(Line(start.Start), [.. entries, .. merged.Where(entry => !lines.ContainsKey(entry.Key))]);
    }

    /// <summary>Returns the entries that a merge key brings in: of several mappings, an earlier one's win.</summary>
    private List<MapEntry> Merged(RecipeNode value, Mark mark)
    {
        IEnumerable<RecipeNode> maps = value is ListNode list ? list.Items : [value];
        List<MapEntry> merged = [];
        HashSet<string> keys = [];
        foreach (RecipeNode node in maps)
        {
            if (node is not MapNode map)
                throw Error(ErrorCode.WrongValue, mark,
                    $"\"<<\" takes a mapping, or a list of mappings, such as \"<<: *name\", and found {Shown.Found(node)}");
            // They count like nodes of the text, or a short one could make each mapping as large as all before it.
            if ((_nodes += map.Entries.Count) > MaxNodes) throw TooMany(mark);
            merged.AddRange(map.Entries
                .Where(entry => keys.Add(entry.Key))
                .Select(entry => entry with { IsUsedElsewhere = false }));
        }

        return merged;
    }

    private DemException TooMany(Mark mark) =>
        Error(ErrorCode.RecipeNotYaml, mark, $"more than {MaxNodes} values once every alias is followed");

    private DemException Error(ErrorCode code, Mark mark, string message) =>
        new(code, $"{_file}:{mark.Line}:{mark.Column}: {message}") { Path = _file, Line = (int)mark.Line };

    private static DemException Tab(string file, (int Line, int Column) tab, Exception inner) => new(
        ErrorCode.RecipeNotYaml,
        $"{file}:{tab.Line}:{tab.Column}: not valid YAML: the line is indented by a tab",
        inner,
        "Indent the line that the message names by spaces.")
    {
        Path = file,
        Line = tab.Line,
    };

    // Half a surrogate pair, which an escape can produce, could not be written back.
    private static bool IsUnicode(string text) =>
        !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') || Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    private static int Line(Mark mark) => (int)mark.Line;

    // Some of the parser's errors wrap the one that says what is wrong.
    private static string Reason(YamlException error) =>
        (error.InnerException ?? error).Message.TrimEnd('.').ReplaceLineEndings(" ");

    /// <summary>A node that aliases can refer to.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="RootEntry">Number of the root mapping's entry that it stands in.</param>
    private sealed record Anchored(RecipeNode Node, int RootEntry);
}
