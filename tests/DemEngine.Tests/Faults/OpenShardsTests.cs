using DemEngine.Checkpoints;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Faults;

/// <summary>Shards are open for as long as the process may have them open.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class OpenShardsTests
{
    private const int Shards = 20;

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(1000)]
    public void However_few_are_open_all_is_written(int most)
    {
        using var folder = new TempFolder();
        var layout = ShardLayout.Plan(
            Enumerable.Range(0, Shards).Select(k => new TensorSpec($"t{k}", ElementType.U8, new TensorShape(1000))), 1000);
        Assert.That(layout.Shards, Has.Length.EqualTo(Shards));
        int open = OpenFilesIn(folder.Path);
        using (var shards = new OpenShards(most))
        {
            var writer = new ShardWriter(folder.Path, layout, shards);
            Parallel.For(0, 20 * Shards, new ParallelOptions { MaxDegreeOfParallelism = 4 }, k =>
            {
                PlacedTensor place = layout.Tensors[k % Shards];
                writer.Write(place, k / Shards * 50, [.. Enumerable.Repeat((byte)(k % Shards), 50)]);
            });
            if (OperatingSystem.IsLinux())
                Assert.That(OpenFilesIn(folder.Path) - open, Is.LessThanOrEqualTo(Math.Max(most, 4)).And.Positive);
            writer.Finish();
            Assert.That(OpenFilesIn(folder.Path), Is.EqualTo(open));
        }

        foreach (PlacedTensor place in layout.Tensors)
        {
            byte[] file = File.ReadAllBytes(folder.PathOf(layout.Shards[place.Shard].FileName));
            int tensor = int.Parse(place.Spec.Name[1..]);
            Assert.That(file[(int)place.Offset..], Is.EqualTo(Enumerable.Repeat((byte)tensor, 1000)));
        }
    }

    private static int OpenFilesIn(string folder) => OperatingSystem.IsLinux()
        ? Directory.EnumerateFileSystemEntries("/proc/self/fd")
            .Count(entry => new FileInfo(entry).LinkTarget?.StartsWith(folder, StringComparison.Ordinal) == true)
        : 0;
}
