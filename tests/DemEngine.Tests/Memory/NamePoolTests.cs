using System.Text;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Memory;

public sealed class NamePoolTests
{
    [Test]
    public void Each_string_is_kept_once_and_found_by_its_number()
    {
        var pool = new NamePool();
        string[] names = [.. Enumerable.Range(0, 5000).Select(k => $"model.layers.{k}.weight")];
        int[] numbers = [.. names.Select(name => pool.NumberOf(name))];
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(0, names.Length)));
        for (int k = 0; k < names.Length; k++)
        {
            Assert.That(pool.Find(names[k]), Is.EqualTo(k));
            Assert.That(pool.Of(names[k].AsSpan()), Is.SameAs(names[k]).And.SameAs(pool[k]));
        }

        Assert.That(pool.Find("model.layers.5000.weight"), Is.EqualTo(-1));
        Assert.That(pool.Count, Is.EqualTo(names.Length));
    }

    [TestCase(3)]
    [TestCase(511)]
    [TestCase(2000)]
    public void A_name_in_JSON_is_the_same_string(int length)
    {
        var pool = new NamePool();
        string name = "\u00e9" + new string('x', length - 1);
        string known = pool.Of(name);
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($"\"{name}\""));
        reader.Read();
        Assert.That(pool.Of(in reader), Is.SameAs(known));
    }

    [Test]
    public void A_tensor_that_several_models_have_alike_is_described_once()
    {
        var pool = new SpecPool();
        var shape = new TensorShape(2, 3);
        TensorSpec first = pool.Of("w", ElementType.BF16, shape);
        Assert.That(pool.Of(new string(['w']), ElementType.BF16, new TensorShape(2, 3)), Is.SameAs(first));
        Assert.That(pool.Of("w", ElementType.F32, shape), Is.EqualTo(new TensorSpec("w", ElementType.F32, shape)));
        Assert.That(pool.Of("w", ElementType.BF16, new TensorShape(3, 2)).Shape, Is.EqualTo(new TensorShape(3, 2)));
    }
}
