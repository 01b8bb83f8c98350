using DemEngine.Memory;

namespace DemEngine.Tests.Memory;

public sealed class BufferPoolTests
{
    [Test]
    public void Buffers_of_a_size_are_used_again_and_others_given_up_for_room()
    {
        using var pool = new BufferPool<NativeBuffer>(100, length => new NativeBuffer(length));
        NativeBuffer first = pool.TryRent(60)!;
        Assert.That(pool.TryRent(60), Is.Null, "there are 40 left");
        pool.Return(first, 60);
        Assert.That(pool.TryRent(60), Is.SameAs(first));
        pool.Return(first, 60);

        NativeBuffer second = pool.TryRent(70)!;
        Assert.That(second.Length, Is.EqualTo(70));
        Assert.That(() => first.Bytes, Throws.TypeOf<ObjectDisposedException>(), "it is given up");
        Assert.That(pool.PeakBytes, Is.EqualTo(70));
        pool.Return(second, 70);
    }

    [Test]
    public void What_is_taken_for_something_else_counts()
    {
        using var pool = new BufferPool<NativeBuffer>(100, length => new NativeBuffer(length));
        Assert.That(pool.TryTake(50), Is.True);
        Assert.That(pool.TryRent(51), Is.Null);
        Assert.That(pool.TryTake(51), Is.False);
        pool.Give(50);
        NativeBuffer all = pool.TryRent(100)!;
        Assert.That(all.Length, Is.EqualTo(100));
        pool.Return(all, 100);
        Assert.That(pool.PeakBytes, Is.EqualTo(100));
    }

    [Test]
    public void No_bound_is_no_memory([Values(0, -1)] long most)
    {
        using var pool = new BufferPool<NativeBuffer>(most, length => new NativeBuffer(length));
        Assert.That(pool.TryRent(1), Is.Null);
    }
}
