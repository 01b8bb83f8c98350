using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Memory;

namespace DemEngine.Tests.Memory;

public sealed class AlignedSinglesTests
{
    [Test]
    public void Numbers_begin_at_a_cache_line_wherever_the_heap_puts_them()
    {
        var random = new Random(1);
        var others = new List<byte[]>();
        for (int k = 0; k < 200; k++)
        {
            others.Add(GC.AllocateUninitializedArray<byte>(random.Next(1, 300), pinned: true));
            var numbers = new AlignedSingles(random.Next(1, 3000));

            Assert.That(AddressOf(numbers) % 64, Is.Zero);
            Assert.That(numbers.Span.Length, Is.EqualTo(numbers.Length));
        }

        GC.KeepAlive(others);
    }

    [Test]
    public void Numbers_stay_where_they_are_when_memory_is_compacted()
    {
        AlignedSingles[] numbers = [.. Enumerable.Range(1, 100).Select(length => new AlignedSingles(length))];
        long[] before = [.. numbers.Select(AddressOf)];
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Assert.That(numbers.Select(AddressOf), Is.EqualTo(before));
    }

    private static long AddressOf(AlignedSingles numbers) => Unsafe.ByteOffset(
        ref Unsafe.NullRef<float>(), ref MemoryMarshal.GetReference(numbers.Span));
}
