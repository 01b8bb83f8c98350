using System.Numerics;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Pickles;

/// <summary>
/// Reads a Python pickle of protocol 2 to 5 as data (https://docs.python.org/3/library/pickletools.html has the instructions). No
/// name in it is looked up and nothing is called: what is not plain data, or known to <see cref="IPickleNames"/>, becomes an
/// object without contents. Memory grows with the pickle, whose length and number of values are bounded.
/// </summary>
internal sealed class PickleMachine
{
    /// <summary>Largest length of a pickle, in bytes. Each tensor takes some 200.</summary>
    public const int Longest = 64 << 20;

    // Each tensor takes some fifteen.
    private const int MostValues = 4_000_000;
    private const int LongestInteger = 1024;

    private readonly PickleBytes _bytes;
    private readonly PickleStack _stack;
    private readonly IPickleNames _names;
    private readonly string _path;
    private readonly Dictionary<uint, object?> _memo = [];
    private int _values;

    private PickleMachine(byte[] pickle, string path, IPickleNames names)
    {
        _bytes = new PickleBytes(pickle, path);
        _stack = new PickleStack(_bytes);
        _names = names;
        _path = path;
    }

    /// <summary>Reads a pickle.</summary>
    /// <param name="pickle">The whole pickle, of at most <see cref="Longest"/> bytes.</param>
    /// <param name="path">Path of the file that holds it, for messages.</param>
    /// <param name="names">What the names in it stand for.</param>
    /// <returns>
    /// The value that it describes: null for None, <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>,
    /// <see cref="double"/>, <see cref="string"/>, an array of bytes (left empty), <see cref="PickleTuple"/>,
    /// <see cref="PickleList"/>, <see cref="PickleDict"/>, <see cref="PickleGlobal"/>, <see cref="PickleObject"/>, or what the
    /// names stand for.
    /// </returns>
    /// <exception cref="DemException">
    /// DEM2043 (BadPickle): the pickle is damaged, or larger than one of weights. DEM2044 (UnknownPickleName): it names what is
    /// there to do harm.
    /// </exception>
    public static object? Read(byte[] pickle, string path, IPickleNames names)
    {
        var machine = new PickleMachine(pickle, path, names);
        while (machine.Step())
        {
            // Each step is one instruction.
        }

        return machine._stack.IsResult ? machine._stack.Pop() : throw machine._bytes.Wrong("it ends with other than one value");
    }

    private bool Step()
    {
        byte code = _bytes.Byte();
        switch (code)
        {
            case (byte)'.': // STOP
                return false;
            case 0x80: // PROTO
                if (_bytes.Byte() is var version and not (>= 2 and <= 5))
                    throw _bytes.Wrong($"protocol {version}; 2 to 5 are read");
                return true;
            case 0x95: // FRAME: its length only helps those who read from a stream.
                _bytes.UInt64();
                return true;
            case (byte)'(':
                _stack.Mark();
                return true;
            case (byte)'0': // POP
                _stack.Pop();
                return true;
            case (byte)'1': // POP_MARK
                _stack.PopToMark();
                return true;
            case (byte)'q': // BINPUT
                Keep(_bytes.Byte());
                return true;
            case (byte)'r': // LONG_BINPUT
                Keep(_bytes.UInt32());
                return true;
            case 0x94: // MEMOIZE
                Keep((uint)_memo.Count);
                return true;
            case (byte)'a' or (byte)'e' or (byte)'s' or (byte)'u' or 0x90 or (byte)'b':
                Fill(code);
                return true;
            default:
                if (++_values > MostValues)
                    throw _bytes.Wrong($"more than {MostValues} values");
                _stack.Push(Value(code));
                return true;
        }
    }

    private object? Value(byte code) => code switch
    {
        (byte)'2' => _stack.Top, // DUP
        (byte)'h' => Kept(_bytes.Byte()), // BINGET
        (byte)'j' => Kept(_bytes.UInt32()), // LONG_BINGET
        (byte)'N' => null,
        0x88 => true,
        0x89 => false,
        (byte)'K' => (long)_bytes.Byte(), // BININT1
        (byte)'M' => (long)_bytes.UInt16(), // BININT2
        (byte)'J' => (long)_bytes.Int32(), // BININT
        0x8a => Integer(_bytes.Byte()), // LONG1
        0x8b => Integer(_bytes.UInt32()), // LONG4
        (byte)'G' => _bytes.Double(), // BINFLOAT
        (byte)'X' => _bytes.Text(_bytes.UInt32()), // BINUNICODE
        0x8c => _bytes.Text(_bytes.Byte()), // SHORT_BINUNICODE
        0x8d => _bytes.Text(_bytes.UInt64()), // BINUNICODE8
        (byte)'U' => _bytes.OldText(_bytes.Byte()), // SHORT_BINSTRING
        (byte)'T' => _bytes.OldText(_bytes.UInt32()), // BINSTRING
        (byte)'C' => SkippedBytes(_bytes.Byte()), // SHORT_BINBYTES
        (byte)'B' => SkippedBytes(_bytes.UInt32()), // BINBYTES
        0x8e or 0x96 => SkippedBytes(_bytes.UInt64()), // BINBYTES8, BYTEARRAY8
        (byte)')' => PickleTuple.Empty,
        0x85 or 0x86 or 0x87 => Tuple(code - 0x84), // TUPLE1 to TUPLE3
        (byte)'t' => new PickleTuple(_stack.PopToMark()),
        (byte)']' or 0x8f => new PickleList(), // EMPTY_LIST, EMPTY_SET
        0x91 => Frozen(_stack.PopToMark()),
        (byte)'}' => new PickleDict(), // EMPTY_DICT
        (byte)'c' => Global(_bytes.Line(), _bytes.Line()),
        0x93 => StackedGlobal(),
        (byte)'R' or 0x81 => Call(_stack.Pop<PickleTuple>(), _stack.Pop()), // REDUCE, NEWOBJ
        0x92 => CallWithNames(), // NEWOBJ_EX
        (byte)'Q' => _names.Find(_stack.Pop()), // BINPERSID
        _ => throw _bytes.Wrong($"the instruction 0x{code:x2} ({NameOf(code)}), which torch.save does not write"),
    };

    // What is appended to an object that is not made is not kept either, and so with its state.
    private void Fill(byte code)
    {
        object?[] items = code is (byte)'e' or (byte)'u' or 0x90 ? _stack.PopToMark()
            : code == (byte)'s' ? Tuple(2).Items
            : [_stack.Pop()];
        switch (_stack.Top, code)
        {
            case (PickleList list, (byte)'a' or (byte)'e' or 0x90): // APPEND, APPENDS, ADDITEMS
                foreach (object? item in items)
                    list.Add(item);
                break;
            case (PickleDict dict, (byte)'s' or (byte)'u') when items.Length % 2 == 0: // SETITEM, SETITEMS
                for (int k = 0; k < items.Length; k += 2)
                    dict.Add(items[k], items[k + 1]);
                break;
            case (PickleDict, (byte)'b'): // BUILD: an OrderedDict of weights has the versions of its modules as an attribute.
                break;
            case (PickleObject, _):
                break;
            default:
                throw _bytes.Wrong($"{NameOf(code)} of a value that takes none");
        }
    }

    private void Keep(uint place)
    {
        if (_memo.Count >= MostValues)
            throw _bytes.Wrong($"more than {MostValues} values are kept");
        _memo[place] = _stack.Top;
    }

    private object? Kept(uint place) =>
        _memo.TryGetValue(place, out object? value) ? value : throw _bytes.Wrong($"value {place} was not kept");

    private object Integer(uint length)
    {
        if (length > LongestInteger)
            throw _bytes.Wrong($"an integer of {length} bytes");
        var value = new BigInteger(_bytes.Next(length));
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private byte[] SkippedBytes(ulong length)
    {
        _bytes.Skip(length);
        return [];
    }

    private PickleTuple Tuple(int count)
    {
        object?[] items = new object?[count];
        for (int k = count - 1; k >= 0; k--)
            items[k] = _stack.Pop();
        return new PickleTuple(items);
    }

    private static PickleList Frozen(object?[] items)
    {
        var list = new PickleList();
        foreach (object? item in items)
            list.Add(item);
        return list;
    }

    private PickleGlobal StackedGlobal()
    {
        string name = _stack.Pop<string>();
        return Global(_stack.Pop<string>(), name);
    }

    private PickleGlobal Global(string module, string name)
    {
        var global = new PickleGlobal(module, name);
        return !HarmfulNames.Contains(module, name) ? global : throw new DemException(
            ErrorCode.UnknownPickleName,
            $"{_path}: the pickle names {Quoted.Plain(global.ToString(), 200)}, which Python would call when it loads the file",
            remedy: "Do not load this file in Python: weights need no such thing, and it may be there to do harm. Take the model "
                + "from a source that you trust, as safetensors where there is one.")
        {
            Path = _path,
        };
    }

    private object? Call(PickleTuple arguments, object? callee) => callee switch
    {
        PickleGlobal global => _names.Call(global, arguments),
        PickleObject made => made,
        _ => throw _bytes.Wrong("a call of what is no class and no function"),
    };

    private object? CallWithNames()
    {
        PickleDict named = _stack.Pop<PickleDict>();
        PickleTuple arguments = _stack.Pop<PickleTuple>();
        object? callee = _stack.Pop();
        return named.Items.Count > 0 && callee is PickleGlobal global ? new PickleObject(global) : Call(arguments, callee);
    }

    private static string NameOf(byte code) => (char)code switch
    {
        'a' => "APPEND",
        'e' => "APPENDS",
        's' => "SETITEM",
        'u' => "SETITEMS",
        'b' => "BUILD",
        'i' => "INST",
        'o' => "OBJ",
        'I' or 'L' or 'F' or 'S' or 'V' or 'p' or 'g' or 'l' or 'd' => "of protocol 0",
        'P' => "PERSID",
        '\u0090' => "ADDITEMS",
        '\u0082' or '\u0083' or '\u0084' => "EXT",
        '\u0097' or '\u0098' => "a buffer outside the pickle",
        _ => "not known",
    };
}
