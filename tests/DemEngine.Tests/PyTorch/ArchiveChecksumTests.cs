using System.IO.Hashing;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.PyTorch;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.PyTorch;

[Parallelizable(ParallelScope.All)]
public sealed class ArchiveChecksumTests
{
    private const int Length = 40_000;

    [Test]
    public void Checksums_of_parts_give_that_of_the_whole()
    {
        var random = new Random(3);
        for (int k = 0; k < 200; k++)
        {
            byte[] bytes = new byte[random.Next(3000)];
            random.NextBytes(bytes);
            int first = random.Next(bytes.Length + 1), second = random.Next(first, bytes.Length + 1);
            Checksum whole = Checksum.Of(bytes.AsSpan(0, first)).Then(Checksum.Of(bytes.AsSpan(first..second))).Then(Checksum.Of(bytes.AsSpan(second)));
            Assert.That(whole, Is.EqualTo(new Checksum(Crc32.HashToUInt32(bytes), bytes.Length)));
        }

        // The checksum that the specification of the format gives as its check value.
        Assert.That(Checksum.Of("1234"u8).Then(Checksum.Of("56789"u8)).Value, Is.EqualTo(0xCBF43926));
    }

    [Test]
    public void A_changed_bit_of_a_tensor_is_found_once_all_of_it_was_read([Values] IoMode io, [Values(0, 12_345, Length - 1)] int place, [Values(7, 4_000, int.MaxValue)] int part)
    {
        using var folder = new ModelFolder();
        string path = Write(folder, "m.pt", file => file[Find(file) + place] ^= 4);
        using Checkpoint checkpoint = Checkpoint.Open(path, io);
        DemException? error = null;
        try
        {
            TorchFileTests.Bytes(checkpoint.Find("w")!, part);
        }
        catch (DemException e)
        {
            error = e;
        }

        Assert.That(error?.Code, Is.EqualTo(ErrorCode.BadTorchFile));
        Assert.That(error!.Message, Does.Contain("archive/data/0").And.Contain(path));
    }

    [Test]
    public void Parts_that_overlap_in_any_order_and_on_several_threads_are_checked([Values] bool isDamaged)
    {
        using var folder = new ModelFolder();
        string path = Write(folder, "m.pt", file => file[Find(file) + 20_000] ^= (byte)(isDamaged ? 1 : 0));
        for (int round = 0; round < 30; round++)
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            StoredTensor tensor = checkpoint.Find("w")!;
            int failed = 0;
            Parallel.For(0, 4, thread =>
            {
                var random = new Random((round * 4) + thread);
                using var scratch = new NativeBuffer(Length);
                foreach (int first in Enumerable.Range(0, 40).Select(k => k * 250).OrderBy(_ => random.Next()))
                {
                    try
                    {
                        tensor.Read(first, Math.Min(random.Next(250, 400), (Length / 4) - first), scratch.Bytes);
                    }
                    catch (DemException e) when (e.Code == ErrorCode.BadTorchFile)
                    {
                        Interlocked.Increment(ref failed);
                    }
                }
            });
            Assert.That(failed, Is.EqualTo(isDamaged ? 1 : 0));
        }
    }

    [Test]
    public void A_merge_of_a_damaged_file_publishes_nothing()
    {
        using var folder = new ModelFolder();
        Write(folder, "m.pt", file => file[Find(file) + 1] ^= 0x80);
        Assert.That(Failing.With(ErrorCode.BadTorchFile, () => folder.Merge("merge_method: linear\nmodels: [{model: m.pt, parameters: {weight: 0.5}}]")).Message, Does.Contain("checksum"));
        Assert.That(Directory.Exists(folder.PathOf("out")), Is.False);
    }

    [Test]
    public void A_part_alone_and_a_file_without_checksums_are_not_compared()
    {
        using var folder = new ModelFolder();
        string damaged = Write(folder, "m.pt", file => file[Find(file) + 39_999] ^= 1);
        using (Checkpoint checkpoint = Checkpoint.Open(damaged))
        {
            using var scratch = new NativeBuffer(Length);
            Assert.That(() => checkpoint.Find("w")!.Read(0, (Length / 4) - 1, scratch.Bytes), Throws.Nothing);
        }

        string without = Write(folder, "n.pt", file => file[Find(file)] ^= 1, hasChecksums: false);
        using (Checkpoint checkpoint = Checkpoint.Open(without))
            Assert.That(TorchFileTests.Bytes(checkpoint.Find("w")!), Has.Length.EqualTo(Length));
        Failing.With(ErrorCode.NoChecksums, () => Verification.Run(without, new RunOptions()));
    }

    [Test]
    public void A_changed_pickle_is_refused_before_it_is_read()
    {
        using var folder = new ModelFolder();
        string path = Write(folder, "m.pt", file => file[file.AsSpan().IndexOf("FloatStorage"u8) - 1] ^= 1);
        Assert.That(Failing.With(ErrorCode.BadTorchFile, () => Checkpoint.Open(path).Dispose()).Message, Does.Contain("data.pkl"));
    }

    [Test]
    public void Verification_names_what_differs_in_the_archive([Values] IoMode io)
    {
        using var folder = new ModelFolder();
        VerifyReport intact = Verification.Run(Write(folder, "m.pt", _ => { }), new RunOptions { Io = io });
        Assert.That(intact.IsIntact, Is.True);
        Assert.That((intact.Tensors, intact.WithoutChecksum), Is.EqualTo((4, 0)));

        // What no tensor uses is compared too, and so is a storage of which tensors use a part.
        VerifyReport damaged = Verification.Run(Write(folder, "n.pt", file => file[Find(file) + 17_000] ^= 1), new RunOptions { Io = io });
        Assert.That(damaged.Differing, Is.EqualTo(new[] { "archive/data/0" }));
        VerifyReport version = Verification.Run(Write(folder, "o.pt", _ => { }, "4\n"u8.ToArray()), new RunOptions { Io = io });
        Assert.That(version.Differing, Is.EqualTo(new[] { "archive/version" }));
    }

    private static string Write(ModelFolder folder, string name, Action<byte[]> spoil, byte[]? version = null) => Write(folder, name, spoil, hasChecksums: true, version);

    private static string Write(ModelFolder folder, string name, Action<byte[]> spoil, bool hasChecksums, byte[]? version = null)
    {
        TorchView view = new("w", "torch.FloatStorage", "0", Length / 4, 0, [100, Length / 400], [Length / 400, 1]);
        ZipFile[] files = [.. ZipText.Torch(PickleText.StateDict(view, view with { Name = "half", Sizes = [50, Length / 400] }), ("0", Contents))];
        files = [.. files.Select(file => file with { Checksum = hasChecksums ? Crc32.HashToUInt32(file.Contents) : 0 })];
        if (version is not null)
            files[^1] = files[^1] with { Contents = version };
        byte[] bytes = ZipText.Write(files);
        spoil(bytes);
        string path = folder.PathOf(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static int Find(byte[] file) => file.AsSpan().IndexOf(Contents);

    private static byte[] Contents
    {
        get
        {
            float[] values = new float[Length / 4];
            var random = new Random(8);
            for (int k = 0; k < values.Length; k++)
                values[k] = random.NextSingle();
            return [.. values.SelectMany(BitConverter.GetBytes)];
        }
    }
}
