using System.Diagnostics;
using System.Text;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Locating;
using DemEngine.Numerics;
using static DemEngine.Tests.SafetensorsText;

namespace DemEngine.Tests.Checkpoints;

public sealed class HeaderFuzzTests
{
    private const int Headers = 120_000;
    private const int Indexes = 20_000;

    private static readonly (byte[] Header, int DataLength)[] Files =
    [
        Of("{}", 0),
        Of("""{"__metadata__":{"format":"pt","note":"\u00e9 é"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}   """, 4),
        Of(Header(Tensor("a", "F32", "[2,2]", 0, 16), Tensor("b", "BF16", "[3]", 16, 22), Tensor("c", "F64", "[]", 22, 30)), 30),
        Of(Header(Tensor("e", "U8", "[0]", 0, 0), Tensor("b", "BOOL", "[1,2,3]", 8, 14), Tensor("a", "I64", "[1]", 0, 8), Tensor("z", "I8", "[0,9]", 14, 14)), 14),
        Of(Header([.. Enumerable.Range(0, 12).Select(i => Tensor($"model.layers.{i}.mlp.weight", "F16", "[2,4]", i * 16L, (i * 16L) + 16))]), 192),
    ];

    private static readonly byte[][] IndexSeeds =
    [
        Encoding.UTF8.GetBytes("""{"metadata":{"total_size":12},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""),
        Encoding.UTF8.GetBytes("""{ "weight_map" : { "\u00e9" : "x" , "é2" : "x" } , "other" : [ 1 , { "y" : null } ] }"""),
        Encoding.UTF8.GetBytes("""{"weight_map":{}}"""),
    ];

    [Test]
    public void No_mutated_header_gives_anything_but_tensors_that_fit_or_a_named_error()
    {
        var mutation = new HeaderMutation(20240615);
        var clock = Stopwatch.StartNew();
        long allocated = 0;
        double worst = 0;
        int good = 0;
        var codes = new SortedDictionary<int, int>();
        for (int i = 0; i < Headers; i++)
        {
            var (header, dataLength) = Files[i % Files.Length];
            byte[] file = mutation.SpoilFile(header, dataLength);
            long before = GC.GetAllocatedBytesForCurrentThread();
            SafetensorsHeader? parsed = Parse(file, out int code);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;

            allocated += bytes;
            worst = Math.Max(worst, (double)bytes / file.Length);
            codes[code] = codes.GetValueOrDefault(code) + 1;
            if (bytes > (64L * file.Length) + (64 << 10))
                Assert.Fail($"{bytes} bytes allocated for {Text(file)}");
            if (parsed is not null)
            {
                good++;
                CheckFits(parsed, file);
            }
        }

        TestContext.Out.WriteLine(
            $"{Headers} headers in {clock.Elapsed.TotalSeconds:F1} s, {allocated >> 20} MiB allocated, at most {worst:F0} times a file's length; "
            + $"{good} were valid; {string.Join(", ", codes.Select(pair => $"DEM{pair.Key} {pair.Value}"))}");
        Assert.That(good, Is.GreaterThan(Headers / 100), "else the mutations are too wild to reach the later checks");
        Assert.That(codes.Keys, Is.SupersetOf(Enumerable.Range(2002, 8)), "every error of a header is reached");
    }

    [Test]
    public void No_mutated_index_gives_anything_but_plain_file_names_or_a_named_error()
    {
        var mutation = new HeaderMutation(2406);
        int good = 0;
        for (int i = 0; i < Indexes; i++)
        {
            byte[] json = mutation.Spoil(IndexSeeds[i % IndexSeeds.Length]);
            try
            {
                WeightMap map = CheckpointIndex.Parse(json, "f");
                good++;
                foreach (string shard in map.Shards)
                {
                    if (shard is "" or "." or ".." || Path.GetFileName(shard) != shard || shard.Contains('\\') || shard.Any(char.IsControl))
                        Assert.Fail($"{shard} from {Encoding.UTF8.GetString(json)}");
                }
            }
            catch (DemException error)
            {
                if (error.Code != ErrorCode.BadIndex && error.Code != ErrorCode.DuplicateName && error.Code != ErrorCode.ShardOutsideFolder)
                    Assert.Fail($"{error}\n{Encoding.UTF8.GetString(json)}");
            }
        }

        TestContext.Out.WriteLine($"{good} of {Indexes} indexes were valid");
        Assert.That(good, Is.GreaterThan(Indexes / 100));
    }

    [Test]
    public void Every_prefix_of_a_file_is_refused()
    {
        foreach (var (header, dataLength) in Files)
        {
            byte[] file = Build(header, dataLength);
            Assert.That(Parse(file, out _), Is.Not.Null);
            for (int length = 0; length < file.Length; length++)
                Assert.That(Parse(file.AsSpan(0, length), out _), Is.Null, $"{length} of {file.Length} bytes");
        }
    }

    [Test]
    public void A_large_header_takes_memory_in_proportion()
    {
        var (header, _) = Of(Header([.. Enumerable.Range(0, 50_000).Select(i => Tensor($"model.layers.{i}.weight", "U8", "[1]", i, i + 1))]), 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var parsed = SafetensorsHeader.Parse(header, 50_000, "f");
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(parsed.Tensors, Has.Length.EqualTo(50_000));
        Assert.That(allocated, Is.LessThan(64L * header.Length));
        TestContext.Out.WriteLine($"{(double)allocated / header.Length:F1} bytes for a byte of header");
    }

    private static SafetensorsHeader? Parse(ReadOnlySpan<byte> file, out int code)
    {
        try
        {
            int length = SafetensorsHeader.JsonLength(file[..Math.Min(file.Length, SafetensorsHeader.PrefixLength)], file.Length, "f");
            var header = SafetensorsHeader.Parse(
                file.Slice(SafetensorsHeader.PrefixLength, length), file.Length - SafetensorsHeader.PrefixLength - length, "f");
            code = 0;
            return header;
        }
        catch (DemException error)
        {
            code = error.Code.Number;
            if (code is < 2002 or > 2009 || error.Message.Any(char.IsControl))
                Assert.Fail($"{error}\n{Text(file)}");
            return null;
        }
        catch (Exception error)
        {
            Assert.Fail($"{error}\n{Text(file)}");
            throw;
        }
    }

    /// <summary>Another JSON parser must see the same tensors, and their bytes must be the file's, each once.</summary>
    private static void CheckFits(SafetensorsHeader header, byte[] file)
    {
        int length = (int)BitConverter.ToUInt64(file);
        using var json = JsonDocument.Parse(file.AsMemory(8, length));
        long end = 0;
        int tensors = 0;
        foreach (var (spec, offset) in header.Tensors)
        {
            JsonElement entry = json.RootElement.GetProperty(spec.Name);
            long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt64())];
            long[] offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(at => at.GetInt64())];
            long bytes = checked(shape.Contains(0) ? 0 : shape.Aggregate(1L, (product, dimension) => product * dimension) * spec.Type.Bits / 8);
            if (offset != end || offsets.Length != 2 || offsets[0] != offset || offsets[1] != offset + bytes || spec.ByteLength != bytes
                || !spec.Shape.Dimensions.SequenceEqual(shape) || entry.GetProperty("dtype").GetString() != spec.Type.SafetensorsName)
                Assert.Fail($"{spec} at {offset}\n{Text(file)}");
            end += bytes;
            tensors++;
        }

        if (end != file.Length - 8 - length || json.RootElement.EnumerateObject().Count(entry => entry.Name != "__metadata__") != tensors)
            Assert.Fail(Text(file));
    }

    private static (byte[] Header, int DataLength) Of(string header, int dataLength) => (Encoding.UTF8.GetBytes(header), dataLength);

    private static string Text(ReadOnlySpan<byte> file) => Encoding.Latin1.GetString(file);
}
