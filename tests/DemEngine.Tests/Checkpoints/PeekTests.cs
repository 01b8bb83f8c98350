using System.IO.Hashing;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Merging.Names;
using DemEngine.Numerics;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Small parts of files are read for plans without what a mapping would read around them.</summary>
public sealed class PeekTests
{
    private const int Sample = 4096;

    [Test]
    public void Headers_and_fingerprints_touch_no_page_of_a_mapping()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("the pages of a mapping are listed on Linux");
        using var folder = new TempFolder();
        TestCheckpoint.Write(
            folder.Path, [.. Enumerable.Range(0, 20).Select(k => TestCheckpoint.Tensor($"t{k}", ElementType.F32, [100_000 + k]))]);
        using var checkpoint = Checkpoint.Open(folder.Path, IoMode.Mmap);
        Fingerprint.Of(checkpoint);
        Assert.That(ResidentOf(folder.Path), Is.Zero);

        // The test shows something only if reading through the mapping would be seen.
        Assert.That(checkpoint.Tensors[3].Read(0, 1000, default).Bytes.Span.ToArray(), Has.Length.EqualTo(4000));
        Assert.That(ResidentOf(folder.Path), Is.Positive);
    }

    [Test]
    public void A_fingerprint_of_many_tensors_is_that_of_its_definition([Values] IoMode io, [Values(1_000_000_000, 60_000)] long maxShardBytes)
    {
        (TensorSpec Spec, byte[] Bytes)[] tensors =
        [
            .. Enumerable.Range(0, 300).Select(k =>
                TestCheckpoint.Tensor($"layers.{k * 7 % 300}.t", k % 3 == 0 ? ElementType.U8 : ElementType.BF16, [k % 50, 1 + (k * 13 % 400)])),
        ];
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, tensors, maxShardBytes);
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        Assert.That(Fingerprint.Of(checkpoint), Is.EqualTo(Defined(tensors)));
    }

    [Test]
    public void A_model_that_is_no_file_has_the_fingerprint_of_its_files()
    {
        (TensorSpec Spec, byte[] Bytes)[] tensors =
            [.. Enumerable.Range(0, 90).Select(k => TestCheckpoint.Tensor($"t{k}", ElementType.F32, [k * 20]))];
        using var checkpoint = Checkpoint.From("memory", new Source(tensors));
        Assert.That(Fingerprint.Of(checkpoint), Is.EqualTo(Defined(tensors)));
    }

    [Test]
    public void Tied_weights_are_judged_by_samples_only_where_that_is_asked_for()
    {
        byte[] first = SafetensorsText.Pattern(4_000_000, 1);
        byte[] second = [.. first];
        second[1_234_567] ^= 1;
        using var folder = new TempFolder();
        TestCheckpoint.Write(
            folder.Path,
            [
                TestCheckpoint.Tensor("model.embed_tokens.weight", ElementType.BF16, [2000, 1000], first),
                TestCheckpoint.Tensor("lm_head.weight", ElementType.BF16, [2000, 1000], second),
            ]);
        using var checkpoint = Checkpoint.Open(folder.Path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TiedWeights.Find(checkpoint), Is.Empty);
            Assert.That(TiedWeights.Find(checkpoint, samplesOnly: true).Single(), Is.EqualTo(["model.embed_tokens.weight", "lm_head.weight"]));
        }
    }

    /// <summary>The fingerprint as it is defined, from the bytes of the tensors.</summary>
    private static string Defined((TensorSpec Spec, byte[] Bytes)[] tensors)
    {
        var hash = new XxHash128();
        foreach (var (spec, bytes) in tensors.OrderBy(tensor => tensor.Spec.Name, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes($"{spec.Name}\n{spec.Type.SafetensorsName}\n{spec.Shape}\n"));
            int size = spec.Type.Size;
            int count = Math.Min(bytes.Length / size, Sample / size);
            int last = (bytes.Length / size) - count;
            foreach (int start in new[] { 0, last / 2, last })
                hash.Append(bytes.AsSpan(start * size, count * size));
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Kilobytes in memory of all mappings of files below a folder.</summary>
    private static long ResidentOf(string folder)
    {
        long resident = 0;
        bool isOurs = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.Contains(folder, StringComparison.Ordinal))
                isOurs = true;
            else if (isOurs && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                resident += long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
                isOurs = false;
            }
        }

        return resident;
    }

    private sealed class Source((TensorSpec Spec, byte[] Bytes)[] tensors) : IModelSource
    {
        public IReadOnlyList<TensorSpec> Tensors { get; } = [.. tensors.Select(tensor => tensor.Spec)];

        public void Read(int tensor, long offset, Span<byte> destination) =>
            tensors[tensor].Bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
