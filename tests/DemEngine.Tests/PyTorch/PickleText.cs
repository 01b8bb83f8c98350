using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Tests.PyTorch;

/// <summary>Writes pickles instruction by instruction, right ones and wrong ones.</summary>
internal sealed class PickleText
{
    private readonly List<byte> _bytes = [];

    public byte[] Bytes => [.. _bytes];

    /// <summary>What torch.save writes for tensors by their names.</summary>
    public static byte[] StateDict(params TorchView[] views) => new PickleText().Protocol(2).Views(views).Op('.').Bytes;

    /// <summary>A dictionary whose values are written by the given function, as torch.save begins and ends it.</summary>
    public static byte[] Of(Action<PickleText> write)
    {
        PickleText pickle = new PickleText().Protocol(2);
        write(pickle);
        return pickle.Op('.').Bytes;
    }

    public PickleText Protocol(byte version) => Op(0x80).Raw(version);

    public PickleText Op(char code) => Raw((byte)code);

    public PickleText Op(byte code) => Raw(code);

    public PickleText Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleText UInt32(uint number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return Raw(bytes);
    }

    public PickleText UInt64(ulong number)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        return Raw(bytes);
    }

    public PickleText Global(string module, string name) => Op('c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleText Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Op('X').UInt32((uint)bytes.Length).Raw(bytes);
    }

    /// <summary>An integer, as Python writes it: in one byte, in four, or in as many as it takes.</summary>
    public PickleText Int(long number)
    {
        if (number is >= 0 and < 256)
            return Op('K').Raw((byte)number);
        return number is >= int.MinValue and <= int.MaxValue
            ? Op('J').UInt32((uint)(int)number)
            : Op(0x8a).Raw(8).UInt64((ulong)number);
    }

    public PickleText Ints(params long[] numbers)
    {
        Op('(');
        foreach (long number in numbers)
            Int(number);
        return Op('t');
    }

    /// <summary>An ordered dictionary of tensors.</summary>
    public PickleText Views(params TorchView[] views)
    {
        Global("collections", "OrderedDict").Op(')').Op('R').Op('(');
        foreach (TorchView view in views)
            Text(view.Name).View(view);
        return Op('u');
    }

    /// <summary>A tensor.</summary>
    public PickleText View(TorchView view)
    {
        Global("torch._utils", view.Type is null ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3").Op('(').Storage(view.Storage, view.Key, view.Count);
        Int(view.First).Ints(view.Sizes).Ints(view.Strides).Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R');
        if (view.Type is { } type)
            Global("torch", type);
        return Op('t').Op('R');
    }

    public PickleText Storage(string kind, string key, long count)
    {
        int dot = kind.LastIndexOf('.');
        return Op('(').Text("storage").Global(kind[..dot], kind[(dot + 1)..]).Text(key).Text("cpu").Int(count).Op('t').Op('Q');
    }
}

/// <summary>A view of a storage.</summary>
internal sealed record TorchView(string Name, string Storage, string Key, long Count, long First, long[] Sizes, long[] Strides, string? Type = null);
