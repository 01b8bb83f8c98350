using System.Text;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Native.Calls;

/// <summary>The options of a call, from the text of a JSON object.</summary>
internal sealed record CallOptions
{
    private static readonly Key[] Keys =
    [
        new("threads", OptionGroups.Reading, (o, v) => o.With(o.Run with { Threads = checked((int)v.Count) })),
        new("max_memory", OptionGroups.Reading, (o, v) => o.With(o.Run with { MaxMemoryBytes = v.Count })),
        new("io", OptionGroups.Reading, (o, v) => o.With(o.Run with { Io = v.OneOf<IoMode>() })),
        new("missing", OptionGroups.Matching, (o, v) => o.With(o.Alignment with { Missing = v.OneOf<MissingTensors>() })),
        new("extra", OptionGroups.Matching, (o, v) => o.With(o.Alignment with { Extra = v.OneOf<ExtraTensors>() })),
        new("vocab", OptionGroups.Matching, (o, v) => o.With(o.Alignment with { Vocabulary = v.OneOf<VocabularyPolicy>() })),
        new("nonfinite", OptionGroups.Values, (o, v) => o.With(o.Run with { NonFinite = v.OneOf<NonFinitePolicy>() })),
        new("overwrite", OptionGroups.Writing, (o, v) => o.With(o.Run with { Overwrite = v.Flag })),
        new("unfinished", OptionGroups.Writing, (o, v) => o.With(o.Run with { Unfinished = v.OneOf<UnfinishedRun>() })),
        new("max_shard_size", OptionGroups.Writing, (o, v) => o.With(o.Run with { MaxShardBytes = v.Count })),
        new("card", OptionGroups.Form, (o, v) => o.With(o.Run with { Card = v.Flag })),
        new("single_file", OptionGroups.Form, (o, v) => o with { SingleFile = v.Flag }),
        new("dtype", OptionGroups.Type, (o, v) => o with { Type = v.DifferenceType }),
    ];

    /// <summary>Run options.</summary>
    public RunOptions Run { get; private init; } = new();

    /// <summary>Policies for models that do not match.</summary>
    public AlignmentOptions Alignment { get; private init; } = new();

    /// <summary>Whether the output is one file.</summary>
    public bool SingleFile { get; private init; }

    /// <summary>Element type of differences.</summary>
    public ElementType Type { get; private init; } = ElementType.F32;

    /// <summary>Reads options.</summary>
    /// <param name="text">Text of a JSON object; null for the defaults of all.</param>
    /// <param name="groups">The options that the call takes.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): the text is not such an object.</exception>
    public static CallOptions Read(string? text, OptionGroups groups)
    {
        var options = new CallOptions();
        if (text is null)
            return options;
        using JsonDocument document = Parse(text);
        Key[] known = [.. Keys.Where(key => groups.HasFlag(key.Group))];
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            Key key = known.FirstOrDefault(key => member.NameEquals(key.Name)) ?? throw Unknown(member.Name, known);
            options = key.Set(options, new OptionValue(key.Name, member.Value));
        }

        return options.SingleFile ? options.With(options.Run with { MaxShardBytes = long.MaxValue }) : options;
    }

    private static JsonDocument Parse(string text)
    {
        try
        {
            StrictJson.CheckText(Encoding.UTF8.GetBytes(text));
            var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new DemException(ErrorCode.BadArgument, "the argument options is no JSON object");
        }
        catch (JsonException e)
        {
            throw new DemException(ErrorCode.BadArgument, $"the argument options is no JSON: {e.Message}", e);
        }
    }

    private static DemException Unknown(string name, Key[] known)
    {
        string[] names = [.. known.Select(key => key.Name)];
        return new DemException(
            ErrorCode.BadArgument,
            $"there is no option {Quoted.Name(name)}{Misspelling.DidYouMean(name, names)}; "
            + $"this call takes {string.Join(", ", names)}");
    }

    private CallOptions With(RunOptions run) => this with { Run = run };

    private CallOptions With(AlignmentOptions alignment) => this with { Alignment = alignment };

    private sealed record Key(string Name, OptionGroups Group, Func<CallOptions, OptionValue, CallOptions> Set);
}
