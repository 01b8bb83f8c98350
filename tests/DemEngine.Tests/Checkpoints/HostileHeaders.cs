using System.Text;
using DemEngine.Checkpoints;
using static DemEngine.Tests.SafetensorsText;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Single files whose length field, JSON or tensors are wrong.</summary>
internal static class HostileHeaders
{
    private const string Good = """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""";

    public static IEnumerable<HostileCase> All => [.. Lengths, .. Json, .. Entries, .. Types, .. Shapes, .. Offsets, .. Messages];

    private static IEnumerable<HostileCase> Lengths =>
    [
        Of("empty file", [], ErrorCode.TruncatedFile),
        Of("one byte", [1], ErrorCode.TruncatedFile),
        Of("length field cut at 7 bytes", new byte[7], ErrorCode.TruncatedFile),
        Of("header length 0", Build(0, []), ErrorCode.HeaderNotJson),
        Of("header length 0, bytes follow", Build(0, "{}"u8), ErrorCode.HeaderNotJson),
        Of("header length 1", Build(1, "{}"u8), ErrorCode.HeaderNotJson),
        Of("header length one more than the file", Build(3, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header cut in the middle", Build(Good)[..40], ErrorCode.HeaderTooLarge),
        Of("header length 100 MB in a small file", Build(100_000_000, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length 100 MB + 1", Build(100_000_001, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length 2^31", Build(1UL << 31, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length 2^63 - 1", Build(long.MaxValue, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length 2^63", Build(1UL << 63, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length 2^64 - 8", Build(ulong.MaxValue - 7, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length 2^64 - 1", Build(ulong.MaxValue, "{}"u8), ErrorCode.HeaderTooLarge),
        Of("header length in big-endian order", [0, 0, 0, 0, 0, 0, 0, 2, .. "{}"u8], ErrorCode.HeaderTooLarge),
        new(
            "header length 100 MB + 1 in a file that has it",
            folder =>
            {
                using FileStream file = File.Create(Path.Combine(folder, Checkpoint.SingleFileName));
                file.Write(Build(100_000_001, "{}"u8));
                file.SetLength(100_000_009);
            },
            ErrorCode.HeaderTooLarge),
        Of("the start of a file of PyTorch", "PK\x03\x04\0\0\x08\x08archive/data.pkl"u8, ErrorCode.BadTorchFile),
        Of("a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n"u8, ErrorCode.HeaderTooLarge),
    ];

    private static IEnumerable<HostileCase> Json =>
    [
        Of("not UTF-8 in a name", Build([.. "{\""u8, 0xC3, 0x28, .. "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"u8]), ErrorCode.HeaderNotJson),
        Of("not UTF-8 in the metadata", Build([.. "{\"__metadata__\":{\"k\":\""u8, 0xFF, .. "\"}}"u8]), ErrorCode.HeaderNotJson),
        Of("a surrogate on its own, escaped", Build("""{"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"""), ErrorCode.HeaderNotJson),
        Of("byte order mark", Build("\uFEFF{}"), ErrorCode.HeaderNotJson),
        Of("UTF-16", Build(Encoding.Unicode.GetBytes("{}")), ErrorCode.HeaderNotJson),
        Of("space before the brace", Build(" {}"), ErrorCode.HeaderNotJson),
        Of("an array", Build("[]"), ErrorCode.HeaderNotJson),
        Of("null", Build("null"), ErrorCode.HeaderNotJson),
        Of("a number", Build("1"), ErrorCode.HeaderNotJson),
        Of("a string", Build("\"{}\""), ErrorCode.HeaderNotJson),
        Of("brace never closed", Build("{"), ErrorCode.HeaderNotJson),
        Of("tensor never closed", Build("""{"a":{"dtype":"U8","shape":[0],"""), ErrorCode.HeaderNotJson),
        Of("second object after the first", Build("{}{}"), ErrorCode.HeaderNotJson),
        Of("letter after the brace", Build("{}x"), ErrorCode.HeaderNotJson),
        Of("NUL padding", Build("{}\0\0\0\0\0\0"), ErrorCode.HeaderNotJson),
        Of("trailing comma", Build("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},}"""), ErrorCode.HeaderNotJson),
        Of("comment", Build("{/**/}"), ErrorCode.HeaderNotJson),
        Of("single quotes", Build("{'a':1}"), ErrorCode.HeaderNotJson),
        Of("NaN as a value", Build("""{"a":NaN}"""), ErrorCode.HeaderNotJson),
        Of("raw control character in a name", Build("{\"a\u0001\":1}"), ErrorCode.HeaderNotJson),
        Of("100,000 braces deep", Build(string.Concat(Enumerable.Repeat("{\"a\":", 100_000))), ErrorCode.HeaderNotJson),
        Of("100,000 brackets deep", Build("{\"a\":" + new string('[', 100_000)), ErrorCode.HeaderNotJson),
    ];

    private static IEnumerable<HostileCase> Entries =>
    [
        Of("tensor name twice", Header(Tensor("w", "U8", "[0]", 0, 0), Tensor("w", "U8", "[0]", 0, 0)), ErrorCode.DuplicateName, "\"w\""),
        Of("tensor name twice, once escaped", Header(Tensor("w", "U8", "[0]", 0, 0), Tensor("\\u0077", "U8", "[0]", 0, 0)), ErrorCode.DuplicateName, "\"w\""),
        Of("metadata twice", """{"__metadata__":{},"__metadata__":{}}""", ErrorCode.DuplicateName, "__metadata__"),
        Of("metadata key twice", """{"__metadata__":{"k":"1","k":"2"}}""", ErrorCode.DuplicateName, "\"k\""),
        Of("dtype twice", """{"w":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", ErrorCode.DuplicateName, "\"w\"", "dtype"),
        Of("shape twice", """{"w":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}""", ErrorCode.DuplicateName, "\"w\"", "shape"),
        Of("data_offsets twice", """{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"data_offsets":[0,0]}}""", ErrorCode.DuplicateName, "\"w\"", "data_offsets"),
        Of("unknown key", """{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"stride":[1]}}""", ErrorCode.HeaderNotJson, "\"w\"", "stride"),
        Of("key in capitals", """{"w":{"Dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", ErrorCode.HeaderNotJson, "\"w\"", "Dtype"),
        Of("no dtype", """{"w":{"shape":[0],"data_offsets":[0,0]}}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("no shape", """{"w":{"dtype":"U8","data_offsets":[0,0]}}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("no data_offsets", """{"w":{"dtype":"U8","shape":[0]}}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("no keys at all", """{"w":{}}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("tensor is null", """{"w":null}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("tensor is an array", """{"w":[]}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("tensor is a string", """{"w":"U8"}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("metadata is an array", """{"__metadata__":[]}""", ErrorCode.HeaderNotJson, "__metadata__"),
        Of("metadata holds a number", """{"__metadata__":{"k":1}}""", ErrorCode.HeaderNotJson, "__metadata__"),
        Of("metadata holds an object", """{"__metadata__":{"k":{}}}""", ErrorCode.HeaderNotJson, "__metadata__"),
        Of("metadata holds null", """{"__metadata__":{"k":null}}""", ErrorCode.HeaderNotJson, "__metadata__"),
    ];

    private static IEnumerable<HostileCase> Types =>
    [
        Of("unknown dtype", Header(Tensor("w", "F128", "[0]", 0, 0)), ErrorCode.UnknownElementType, "\"w\"", "F128"),
        Of("dtype in lower case", Header(Tensor("w", "bf16", "[0]", 0, 0)), ErrorCode.UnknownElementType, "\"w\"", "bf16"),
        Of("dtype of 2 bits", Header(Tensor("w", "F2", "[0]", 0, 0)), ErrorCode.UnknownElementType, "\"w\"", "F2"),
        Of("dtype empty", Header(Tensor("w", "", "[0]", 0, 0)), ErrorCode.UnknownElementType, "\"w\""),
        Of("dtype with a space", Header(Tensor("w", "F32 ", "[0]", 0, 0)), ErrorCode.UnknownElementType, "\"w\""),
        Of("dtype is a number", """{"w":{"dtype":8,"shape":[0],"data_offsets":[0,0]}}""", ErrorCode.HeaderNotJson, "\"w\""),
        Of("dtype is null", """{"w":{"dtype":null,"shape":[0],"data_offsets":[0,0]}}""", ErrorCode.HeaderNotJson, "\"w\""),
    ];

    private static IEnumerable<HostileCase> Shapes =>
    [
        Shape("negative dimension", "[-1]"),
        Shape("fractional dimension", "[1.5]"),
        Shape("whole dimension written as a fraction", "[4.0]"),
        Shape("dimension with an exponent", "[4e0]"),
        Shape("dimension 2^63", "[9223372036854775808]"),
        Shape("dimension of 40 digits", "[1234567890123456789012345678901234567890]"),
        Shape("dimension is a string", "[\"4\"]"),
        Shape("dimension is null", "[null]"),
        Shape("dimension is an array", "[[4]]"),
        Shape("dimension is an object", "[{}]"),
        Shape("product overflows 64 bits", "[4294967296,4294967296]"),
        Shape("product wraps round to 4", "[4611686018427387905,4]"),
        Of("bytes overflow 64 bits", Header(Tensor("w", "F64", "[4611686018427387904]", 0, 0)), ErrorCode.BadShape, "\"w\""),
        Of("shape is a number", Header(Tensor("w", "U8", "4", 0, 4)), ErrorCode.HeaderNotJson, "\"w\""),
        Of("shape is an object", Header(Tensor("w", "U8", "{}", 0, 4)), ErrorCode.HeaderNotJson, "\"w\""),
        Of("shape is null", Header(Tensor("w", "U8", "null", 0, 4)), ErrorCode.HeaderNotJson, "\"w\""),
    ];

    private static IEnumerable<HostileCase> Offsets =>
    [
        Range("offsets reversed", "[4,0]", ErrorCode.BadOffsets),
        Range("one offset", "[4]", ErrorCode.BadOffsets),
        Range("no offsets", "[]", ErrorCode.BadOffsets),
        Range("three offsets", "[0,4,4]", ErrorCode.BadOffsets),
        Range("negative offset", "[-4,0]", ErrorCode.BadOffsets),
        Range("fractional offset", "[0.0,4.0]", ErrorCode.BadOffsets),
        Range("offset 2^63", "[0,9223372036854775808]", ErrorCode.BadOffsets),
        Range("offset is a string", "[\"0\",4]", ErrorCode.BadOffsets),
        Range("offset is null", "[0,null]", ErrorCode.BadOffsets),
        Range("offset is an array", "[[0],4]", ErrorCode.BadOffsets),
        Range("offsets are an object", "{}", ErrorCode.HeaderNotJson),
        Range("offsets are a number", "4", ErrorCode.HeaderNotJson),
        Range("one byte too few for the shape", "[0,3]", ErrorCode.SizeMismatch),
        Range("one byte too many for the shape", "[0,5]", ErrorCode.SizeMismatch),
        Range("range up to 2^63 - 1", "[0,9223372036854775807]", ErrorCode.SizeMismatch),
        Range("range starts at the end of 64 bits", "[9223372036854775803,9223372036854775807]", ErrorCode.BadOffsets),
        Of("bytes for another type", Header(Tensor("w", "F32", "[4]", 0, 4)), ErrorCode.SizeMismatch, 4, "\"w\""),
        Of("bytes for a tensor of none", Header(Tensor("w", "F32", "[0,7]", 0, 4)), ErrorCode.SizeMismatch, 4, "\"w\""),
        Of("data ends one byte early", Good, ErrorCode.TruncatedFile, 3, "\"a\""),
        Of("no data at all", Good, ErrorCode.TruncatedFile, 0, "\"a\""),
        Of("2^62 bytes that are not there", Header(Tensor("w", "U8", "[4611686018427387904]", 0, 1L << 62)), ErrorCode.TruncatedFile, 4, "\"w\""),
        Of("second tensor is not there", Header(Tensor("a", "U8", "[4]", 0, 4), Tensor("w", "U8", "[9]", 4, 13)), ErrorCode.TruncatedFile, 4, "\"w\""),
        Of("one byte left over", Good, ErrorCode.BadOffsets, 5),
        Of("bytes without tensors", "{}", ErrorCode.BadOffsets, 1),
        Of("hole before the first tensor", Header(Tensor("w", "U8", "[3]", 1, 4)), ErrorCode.BadOffsets, 4, "\"w\""),
        Of("hole between tensors", Header(Tensor("a", "U8", "[1]", 0, 1), Tensor("w", "U8", "[2]", 2, 4)), ErrorCode.BadOffsets, 4, "\"w\""),
        Of("tensors overlap by a byte", Header(Tensor("a", "U8", "[2]", 0, 2), Tensor("w", "U8", "[3]", 1, 4)), ErrorCode.BadOffsets, 4, "\"w\""),
        Of("tensors in the same place", Header(Tensor("a", "U8", "[4]", 0, 4), Tensor("w", "U8", "[4]", 0, 4)), ErrorCode.BadOffsets, 4),
        Of("tensor within another", Header(Tensor("a", "U8", "[4]", 0, 4), Tensor("w", "U8", "[1]", 1, 2)), ErrorCode.BadOffsets, 4, "\"w\""),
        Of("empty tensor within another", Header(Tensor("a", "U8", "[4]", 0, 4), Tensor("w", "U8", "[0]", 2, 2)), ErrorCode.BadOffsets, 4, "\"w\""),
        Of("empty tensor beyond the end", Header(Tensor("a", "U8", "[4]", 0, 4), Tensor("w", "U8", "[0]", 5, 5)), ErrorCode.BadOffsets, 4, "\"w\""),
    ];

    /// <summary>The fault is plain; what the message might repeat is not.</summary>
    private static IEnumerable<HostileCase> Messages =>
    [
        Of("terminal codes in a name", Header(Tensor("\\u001b[2J\\u0007\\u202e\\r\\n", "U8", "[1]", 0, 0)), ErrorCode.SizeMismatch, "\\u001B[2J\\u0007\\u202E\\u000D\\u000A"),
        Of("terminal codes in a bad literal", Build("{\"a\":t\u001b[2J\u009b\r\n}"), ErrorCode.HeaderNotJson),
        Of("a bad literal of 1 MB", Build("{\"a\":t" + new string('x', 1 << 20)), ErrorCode.HeaderNotJson),
        Of("a name of 1 MB", Header(Tensor(new string('x', 1 << 20), "U8", "[1]", 0, 0)), ErrorCode.SizeMismatch),
        Of("a dtype of 1 MB", Header(Tensor("w", new string('x', 1 << 20), "[1]", 0, 0)), ErrorCode.UnknownElementType),
        Of("a key of 1 MB", Header($"\"w\":{{\"{new string('x', 1 << 20)}\":1}}"), ErrorCode.HeaderNotJson),
        Of("300,000 dimensions of 1", Header(Tensor("w", "U8", $"[{string.Join(",", Enumerable.Repeat(1, 300_000))}]", 0, 0)), ErrorCode.SizeMismatch, "\"w\""),
        Of("300,000 dimensions that overflow", Header(Tensor("w", "U8", $"[{string.Join(",", Enumerable.Repeat(2, 300_000))}]", 0, 0)), ErrorCode.BadShape, "\"w\""),
    ];

    private static HostileCase Of(string name, ReadOnlySpan<byte> file, ErrorCode expected)
    {
        byte[] bytes = [.. file];
        return new(name, folder => File.WriteAllBytes(Path.Combine(folder, Checkpoint.SingleFileName), bytes), expected, Checkpoint.SingleFileName);
    }

    private static HostileCase Of(string name, string header, ErrorCode expected, int dataLength, params string[] says) =>
        Of(name, Build(header, dataLength), expected) with { Says = [Checkpoint.SingleFileName, .. says] };

    private static HostileCase Of(string name, string header, ErrorCode expected, params string[] says) => Of(name, header, expected, 0, says);

    private static HostileCase Shape(string name, string shape) =>
        Of(name, Header(Tensor("w", "U8", shape, 0, 4)), ErrorCode.BadShape, 4, "\"w\"");

    private static HostileCase Range(string name, string offsets, ErrorCode expected) =>
        Of(name, $$"""{"w":{"dtype":"U8","shape":[4],"data_offsets": {{offsets}} } }""", expected, 4, "\"w\"");
}
