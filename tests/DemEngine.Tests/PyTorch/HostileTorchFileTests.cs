using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Tests.Checkpoints;
using DemEngine.Tests.Faults;

namespace DemEngine.Tests.PyTorch;

public sealed class HostileTorchFileTests
{
    private const int LongestMessage = 1500;
    private const int Fewest = 2500;
    private const long MostBytes = 300_000_000;

    private static IEnumerable<HostileCase> Cases => HostileTorchFiles.All;

    [TestCaseSource(nameof(Cases))]
    public void It_is_refused_with_its_own_code(HostileCase hostile)
    {
        using var folder = new TempFolder();
        hostile.Make(folder.Path);
        foreach (IoMode io in Enum.GetValues<IoMode>())
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            DemException error = Assert.Throws<DemException>(() => Checkpoint.Open(folder.Path, io).Dispose())!;
            Assert.Multiple(() =>
            {
                Assert.That(clock.Elapsed.TotalSeconds, Is.LessThan(5));
                Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(MostBytes));
                Assert.That(error.Code, Is.EqualTo(hostile.Expected), error.Message);
                Assert.That(error.Message, Does.StartWith(folder.Path), "names the file");
                foreach (string part in hostile.Says)
                    Assert.That(error.Message, Does.Contain(part));
                Assert.That(error.Message.Any(char.IsControl), Is.False, "a terminal would obey it");
                Assert.That(error.Message, Has.Length.LessThan(LongestMessage));
            });
        }
    }

    [Test]
    public void The_corpus_is_large_and_its_names_differ()
    {
        string[] names = [.. Cases.Select(hostile => hostile.Name)];
        Assert.That(names, Is.Unique);
        Assert.That(names, Has.Length.GreaterThan(100));
        TestContext.Out.WriteLine($"{names.Length} hostile files");
    }

    [Test]
    public void The_file_that_the_corpus_spoils_is_read()
    {
        using var folder = new TempFolder();
        ZipFile[] right = ZipText.Torch(PickleText.StateDict(HostileTorchFiles.Right), ("0", HostileTorchFiles.Contents));
        foreach (bool is64 in new[] { false, true })
        {
            folder.Write("pytorch_model.bin", ZipText.Write(right.Select(file => file with { Is64 = is64 }), is64));
            using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
            Assert.That(TorchFileTests.Bytes(checkpoint.Tensors.Single()), Is.EqualTo(HostileTorchFiles.Contents));
        }
    }

    [Test]
    public void A_file_with_changed_bytes_is_read_or_refused_by_name()
    {
        using var folder = new TempFolder();
        var random = new Random(20260729);
        TorchView[] views =
        [
            HostileTorchFiles.Right,
            new("t", "torch.HalfStorage", "1", 12, 1, [3, 2], [1, 4]),
            new("u", "torch.storage.UntypedStorage", "1", 24, 0, [2, 3], [0, 1], "float8_e4m3fn"),
        ];
        byte[][] seeds =
        [
            ZipText.Write(ZipText.Torch(PickleText.StateDict(views), ("0", HostileTorchFiles.Contents), ("1", HostileTorchFiles.Contents))),
            ZipText.Write(ZipText.Torch(PickleText.Of(p => p.Op('}').Text("state_dict").Views(views).Op('s').Text("epoch").Int(1000).Op('s').Text("x").Global("a", "B").Op(')').Op(0x81).Op('}').Op('b').Op('s')), ("0", HostileTorchFiles.Contents), ("1", HostileTorchFiles.Contents)), is64: true),
            .. RealTorchFileTests.Fixtures,
        ];
        var codes = new SortedDictionary<int, int>();
        int good = 0;
        int count = Math.Max(Fewest, Mutations.Count);
        for (int k = 0; k < count; k++)
        {
            byte[] file = [.. seeds[k % seeds.Length]];
            for (int change = random.Next(1, 4); change > 0; change--)
                file[random.Next(file.Length)] = random.Next(4) switch { 0 => 0, 1 => 255, _ => (byte)random.Next(256) };
            string path = folder.Write("x.pt", file);
            try
            {
                using Checkpoint checkpoint = Checkpoint.Open(path, (IoMode)(k / seeds.Length % 2));
                foreach (StoredTensor tensor in checkpoint.Tensors.Where(tensor => tensor.Spec.ByteLength < 1 << 20))
                    TorchFileTests.Bytes(tensor);
                Fingerprint.Of(checkpoint);
                good++;
            }
            catch (DemException e)
            {
                codes[e.Code.Number] = codes.GetValueOrDefault(e.Code.Number) + 1;
                Assert.That(e.Message.Any(char.IsControl), Is.False, "a terminal would obey it");
            }
        }

        TestContext.Out.WriteLine($"{good} read, {string.Join(", ", codes.Select(pair => $"DEM{pair.Key} {pair.Value}"))}");
        Assert.That(good, Is.GreaterThan(count / 20), "most changes of numbers leave a file that is read");
        Assert.That(codes.Keys, Is.SupersetOf(new[] { 2041, 2043, 2046 }));
    }
}
