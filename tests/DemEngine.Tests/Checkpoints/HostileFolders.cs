using DemEngine.Checkpoints;
using static DemEngine.Tests.SafetensorsText;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Indexes that are wrong or disagree with their shards, and folders that hold something else.</summary>
internal static class HostileFolders
{
    private const string A = "a.safetensors";
    private const string B = "b.safetensors";

    public static IEnumerable<HostileCase> All => [.. Indexes, .. ShardNames, .. Disagreements, .. Folders];

    private static IEnumerable<HostileCase> Indexes =>
    [
        Index("index empty", "", ErrorCode.BadIndex),
        Index("index of spaces", "   ", ErrorCode.BadIndex),
        Index("index is an array", "[]", ErrorCode.BadIndex),
        Index("index is null", "null", ErrorCode.BadIndex),
        Index("index is not JSON", "version https://git-lfs.github.com/spec/v1", ErrorCode.BadIndex),
        Index("index is cut", """{"weight_map":{"a":"a.safetensors",""", ErrorCode.BadIndex),
        Index("index cut after weight_map", """{"weight_map":""", ErrorCode.BadIndex),
        Index("index with a byte order mark", "\uFEFF{\"weight_map\":{}}", ErrorCode.BadIndex),
        Index("text after the index", """{"weight_map":{}}{}""", ErrorCode.BadIndex),
        Index("NUL after the index", "{\"weight_map\":{}}\0", ErrorCode.BadIndex),
        Index("100,000 brackets deep", "{\"metadata\":" + new string('[', 100_000), ErrorCode.BadIndex),
        Index("terminal codes in a bad literal", "{\"metadata\":t\u001b[2J\r\n}", ErrorCode.BadIndex),
        Index("no weight_map", """{"metadata":{"total_size":0}}""", ErrorCode.BadIndex),
        Index("weight_map in another object", """{"metadata":{"weight_map":{}}}""", ErrorCode.BadIndex),
        Index("weight_map is an array", """{"weight_map":["a.safetensors"]}""", ErrorCode.BadIndex),
        Index("weight_map is null", """{"weight_map":null}""", ErrorCode.BadIndex),
        Index("weight_map is a string", """{"weight_map":"a.safetensors"}""", ErrorCode.BadIndex),
        Index("weight_map twice", """{"weight_map":{},"weight_map":{}}""", ErrorCode.DuplicateName, "weight_map"),
        Index("tensor listed twice", """{"weight_map":{"a":"a.safetensors","a":"a.safetensors"}}""", ErrorCode.DuplicateName, "\"a\""),
        Index("tensor listed twice, once escaped", """{"weight_map":{"a":"a.safetensors","\u0061":"b.safetensors"}}""", ErrorCode.DuplicateName, "\"a\""),
        Index("shard is a number", """{"weight_map":{"w":1}}""", ErrorCode.BadIndex, "\"w\""),
        Index("shard is null", """{"weight_map":{"w":null}}""", ErrorCode.BadIndex, "\"w\""),
        Index("shard is an array", """{"weight_map":{"w":["a.safetensors"]}}""", ErrorCode.BadIndex, "\"w\""),
        Index("shard is an object", """{"weight_map":{"w":{}}}""", ErrorCode.BadIndex, "\"w\""),
        Index("shard is a surrogate on its own", """{"weight_map":{"w":"\ud800"}}""", ErrorCode.BadIndex),
        new(
            "index not UTF-8",
            folder => File.WriteAllBytes(PathOf(folder, Checkpoint.IndexFileName), [.. "{\"weight_map\":{\""u8, 0xFF, .. "\":\"a\"}}"u8]),
            ErrorCode.BadIndex,
            Checkpoint.IndexFileName),
        new(
            "index of 256 MiB and a byte",
            folder =>
            {
                using FileStream file = File.Create(PathOf(folder, Checkpoint.IndexFileName));
                file.SetLength((256L << 20) + 1);
            },
            ErrorCode.BadIndex,
            Checkpoint.IndexFileName),
    ];

    private static IEnumerable<HostileCase> ShardNames =>
        from shard in new[]
        {
            "", ".", "..", "../a.safetensors", "./a.safetensors", "/etc/passwd", "x/a.safetensors", "a.safetensors/", "..\\\\a.safetensors",
            "C:a.safetensors", "C:\\\\a.safetensors", "a.safetensors:stream", "a.safetensors\\u0000", "\\u002e\\u002e/a.safetensors", "..\\u002fa.safetensors",
            "\\u001b[2J.safetensors", "a\\n.safetensors", "\\u202esrotcnetefas.a", new string('x', 256),
        }
        select Index(
            $"shard named {(shard.Length > 100 ? $"by {shard.Length} letters" : $"'{shard}'")}",
            $$"""{"weight_map":{"w":"{{shard}}"} }""",
            ErrorCode.ShardOutsideFolder,
            "\"w\"");

    private static IEnumerable<HostileCase> Disagreements =>
    [
        Shards("shard is missing", """{"a":"a.safetensors","b":"c.safetensors"}""", ErrorCode.MissingShard, "c.safetensors"),
        Shards("shard name in other case", """{"a":"A.safetensors"}""", ErrorCode.MissingShard, "A.safetensors"),
        Shards("tensor is in no shard", """{"a":"a.safetensors","b":"b.safetensors","w":"b.safetensors"}""", ErrorCode.BadIndex, "\"w\""),
        Shards("tensor is not listed", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.BadIndex, Shard(A, "a"), Shard(B, "b", "w"), "\"w\""),
        Shards("tensor is in the other shard", """{"a":"b.safetensors","b":"a.safetensors"}""", ErrorCode.BadIndex, "\"a\""),
        Shards("tensor in two shards", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.DuplicateName, Shard(A, "a"), Shard(B, "a", "b"), "\"a\"", A, B),
        Shards("one shard under two names", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.DuplicateName, Shard(A, "a"), folder => File.CreateSymbolicLink(PathOf(folder, B), A), "\"a\""),
        Shards("shard is empty", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.TruncatedFile, Shard(A, "a"), folder => File.WriteAllBytes(PathOf(folder, B), []), B),
        Shards("shard is a folder", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.MissingShard, Shard(A, "a"), folder => Directory.CreateDirectory(PathOf(folder, B)), B),
        Shards("shard is a link to nothing", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.MissingShard, Shard(A, "a"), folder => File.CreateSymbolicLink(PathOf(folder, B), "gone"), B),
        Shards("shard is a link to itself", """{"a":"a.safetensors","b":"b.safetensors"}""", ErrorCode.UnreadableFile, Shard(A, "a"), folder => File.CreateSymbolicLink(PathOf(folder, B), B), B),
        Shards("shard is the index", $$"""{"a":"{{Checkpoint.IndexFileName}}"}""", ErrorCode.HeaderTooLarge, Checkpoint.IndexFileName),
    ];

    private static IEnumerable<HostileCase> Folders =>
    [
        new("folder is empty", _ => { }, ErrorCode.CheckpointNotFound),
        new("folder holds other files", folder => File.WriteAllText(PathOf(folder, "training_args.bin"), "x"), ErrorCode.CheckpointNotFound),
        new("folder named model.safetensors", folder => Directory.CreateDirectory(PathOf(folder, Checkpoint.SingleFileName)), ErrorCode.CheckpointNotFound),
        new("model.safetensors is a link to nothing", folder => File.CreateSymbolicLink(PathOf(folder, Checkpoint.SingleFileName), "gone"), ErrorCode.MissingShard),
        new(
            "model.safetensors and an index of others",
            folder =>
            {
                Shard(Checkpoint.SingleFileName, "a")(folder);
                Shard(A, "a")(folder);
                File.WriteAllText(PathOf(folder, Checkpoint.IndexFileName), """{"weight_map":{"a":"a.safetensors"}}""");
            },
            ErrorCode.AmbiguousCheckpoint,
            Checkpoint.SingleFileName,
            Checkpoint.IndexFileName),
    ];

    private static HostileCase Index(string name, string json, ErrorCode expected, params string[] says) =>
        new(name, folder => File.WriteAllText(PathOf(folder, Checkpoint.IndexFileName), json), expected, [Checkpoint.IndexFileName, .. says]);

    private static HostileCase Shards(string name, string map, ErrorCode expected, params string[] says) =>
        Shards(name, map, expected, Shard(A, "a"), Shard(B, "b"), says);

    private static HostileCase Shards(
        string name, string map, ErrorCode expected, Action<string> first, Action<string> second, params string[] says) =>
        new(
            name,
            folder =>
            {
                File.WriteAllText(PathOf(folder, Checkpoint.IndexFileName), $$"""{"weight_map": {{map}} }""");
                first(folder);
                second(folder);
            },
            expected,
            says);

    /// <summary>A shard of one-byte tensors.</summary>
    private static Action<string> Shard(string file, params string[] names) => folder =>
        File.WriteAllBytes(PathOf(folder, file), Build(Header([.. names.Select((name, i) => Tensor(name, "U8", "[1]", i, i + 1))]), names.Length));

    private static string PathOf(string folder, string name) => Path.Combine(folder, name);
}
