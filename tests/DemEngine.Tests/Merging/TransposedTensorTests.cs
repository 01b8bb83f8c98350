using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

[Parallelizable(ParallelScope.All)]
public sealed class TransposedTensorTests
{
    private const int Matrices = 2;

    [Test]
    public void Any_part_has_the_elements_that_the_definition_gives(
        [Values("Kept", "Apart", "Alternating")] string order,
        [Values("U8", "BF16", "F32", "I64")] string type,
        [Values(IoMode.Mmap, IoMode.Pread)] IoMode io,
        [Values("6 10", "150 62", "3 5000", "5000 2")] string shape)
    {
        int[] sizes = [.. shape.Split(' ').Select(int.Parse)];
        (int rows, int columns) = (sizes[0] + ((sizes[0] % 2) * (order == "Alternating" ? 1 : 0)), sizes[1]);
        ElementType element = type switch { "U8" => ElementType.U8, "BF16" => ElementType.BF16, "F32" => ElementType.F32, _ => ElementType.I64 };
        int size = element.Size;
        byte[] bytes = new byte[Matrices * rows * columns * size];
        new Random(1).NextBytes(bytes);
        using var folder = new ModelFolder();
        folder.Model("model", (new TensorSpec("whole", element, new TensorShape(Matrices, rows, columns)), bytes));
        using var checkpoint = Checkpoint.Open(folder.PathOf("model"), io);
        var shown = new TransposedTensor(
            new StoredTensorReader(checkpoint.Find("whole")!),
            new TensorSpec("shown", element, new TensorShape(Matrices, columns, rows)),
            rows,
            columns,
            Enum.Parse<HalvesOrder>(order));

        // Element (m, r, c) of what is shown, and where it is stored.
        byte[] expected = new byte[bytes.Length];
        for (int i = 0; i < Matrices * rows * columns; i++)
        {
            (int m, int r, int c) = (i / (rows * columns), i / rows % columns, i % rows);
            int column = order == "Apart" ? (r < columns / 2 ? 2 * r : (2 * (r - (columns / 2))) + 1) : r;
            int row = order == "Alternating" ? (c / 2) + (c % 2 * rows / 2) : c;
            bytes.AsSpan((((m * rows) + row) * columns + column) * size, size).CopyTo(expected.AsSpan(i * size));
        }

        using var workspace = new TileWorkspace(new CpuBackend(), 1, 16, 0);
        var random = new Random(2);
        int count = Matrices * rows * columns;
        foreach (var (first, length) in Enumerable.Range(0, 12).Select(_ => random.Next(count)).Select(first => (first, random.Next(1, count - first + 1))).Append((0, count)))
        {
            workspace.StartTile();
            shown.WillNeed(first, length);
            Assert.That(
                workspace.Read(shown, first, length).Bytes.Span.SequenceEqual(expected.AsSpan(first * size, length * size)),
                Is.True,
                $"elements {first} to {first + length}");
        }
    }
}
