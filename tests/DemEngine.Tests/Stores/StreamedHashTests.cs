using System.Security.Cryptography;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Shards;

namespace DemEngine.Tests.Stores;

internal sealed class StreamedHashTests
{
    private static readonly (string Name, int Offset, int Length)[] Tensors =
        [("a", 1000, 1_300_000), ("b", 1_301_000, 3), ("c", 1_301_003, 262_144), ("d", 1_563_147, 900_001)];

    private static readonly byte[] Contents = SafetensorsText.Pattern(2_463_148, 7);

    [Test]
    public void Tensors_that_come_in_blocks_of_any_size_order_and_number_are_as_their_hashes_say(
        [Values(65_536, 131_072, 1 << 20, 4 << 20)] int block, [Values(1, 2, 3)] int seed)
    {
        var streamed = new StreamedTensors(Stated());
        Assert.That(Blocks(block, seed).Select(at => streamed.Add(at, Part(Contents, at, block))), Is.All.Null);
    }

    [Test]
    public void A_wrong_byte_of_a_tensor_is_found_wherever_it_lies(
        [Values(65_536, 1 << 20)] int block, [Values(1000, 262_143 + 1000, 1_301_001, 1_563_146, 2_463_147)] int place)
    {
        byte[] wrong = [.. Contents];
        wrong[place] ^= 0x40;
        var streamed = new StreamedTensors(Stated());
        string owner = Tensors.Last(tensor => tensor.Offset <= place).Name;
        Assert.That(
            Blocks(block, place).Select(at => streamed.Add(at, Part(wrong, at, block))).OfType<string>(),
            Is.EqualTo(new[] { owner }));
    }

    [Test]
    [NonParallelizable] // Memory of the whole process is looked at.
    public void Tensors_that_are_read_in_pieces_are_left_unchecked_and_take_little_memory()
    {
        var streamed = new StreamedTensors(
            Enumerable.Range(0, 3000).Select(k => ($"{k}", k * 3_000_000L, 3_000_000L, "00")));
        byte[] piece = new byte[65_536];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int k = 0; k < 3000; k++)
            Assert.That(streamed.Add((k * 3_000_000L) + 131_072, piece), Is.Null);
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(96 << 20));
        GC.KeepAlive(streamed);
    }

    [Test]
    public void A_file_that_comes_nearly_in_order_is_as_its_hash_says_and_a_wrong_byte_is_found([Values] bool isWrong)
    {
        byte[] sent = [.. Contents];
        sent[1_234_567] ^= isWrong ? (byte)1 : (byte)0;
        using var streamed = new StreamedFile(Contents.Length, Convert.ToHexString(SHA256.HashData(Contents)));
        const int block = 65_536;
        long[] order = [.. Blocks(block, 0).Order().Chunk(8).SelectMany(few => few.Reverse())];
        Assert.That(order.Select(at => streamed.Add(at, Part(sent, at, block))).Contains(false), Is.EqualTo(isWrong));
    }

    private static IEnumerable<(string, long, long, string)> Stated() => Tensors.Select(tensor =>
    {
        byte[] leaves = new byte[ContentHash.LeafCount(tensor.Length) * ContentHash.HashBytes];
        ContentHash.HashLeaves(Contents.AsSpan(tensor.Offset, tensor.Length), leaves);
        return (tensor.Name, (long)tensor.Offset, (long)tensor.Length, ContentHash.Finish(leaves));
    });

    private static long[] Blocks(int block, int seed)
    {
        long[] all = [.. Enumerable.Range(0, (Contents.Length + block - 1) / block).Select(k => (long)k * block)];
        new Random(seed).Shuffle(all);
        return [.. all, .. all.Take(2)];
    }

    private static ReadOnlySpan<byte> Part(byte[] contents, long at, int block) =>
        contents.AsSpan((int)at, Math.Min(block, contents.Length - (int)at));
}
