using System.Buffers.Binary;
using System.Text;
using DemEngine.Tests.Checkpoints;

namespace DemEngine.Tests.PyTorch;

/// <summary>Files that look like those of torch.save and are made to do harm, or are damaged.</summary>
internal static class HostileTorchFiles
{
    private const string Float = "torch.FloatStorage";

    /// <summary>A right file of one tensor, which most cases spoil in one place.</summary>
    public static TorchView Right { get; } = new("w", Float, "0", 6, 0, [2, 3], [3, 1]);

    public static byte[] Contents { get; } = SafetensorsText.Pattern(24, 5);

    public static IEnumerable<HostileCase> All => [.. Calls, .. Machines, .. Tensors, .. Dictionaries, .. Archives];

    // What Python would call while it loads the file.
    private static IEnumerable<HostileCase> Calls =>
    [
        Call("a call of os.system", "os", "system", "os.system"),
        Call("a call of posix.system", "posix", "system", "posix.system"),
        Call("a call of nt.system", "nt", "system", "nt.system"),
        Call("a call of subprocess", "subprocess", "Popen", "subprocess.Popen"),
        Call("a call of eval", "builtins", "eval", "builtins.eval"),
        Call("a call of Python 2's eval", "__builtin__", "eval", "__builtin__.eval"),
        Call("a call of exec", "builtins", "exec", "builtins.exec"),
        Call("a call of __import__", "builtins", "__import__", "builtins.__import__"),
        Call("a call of a nested name", "builtins", "__import__.__call__", "__import__"),
        Call("a call of runpy", "runpy", "_run_code", "runpy._run_code"),
        Call("a call of importlib", "importlib.util", "module_from_spec", "importlib.util"),
        Call("a call of socket", "socket", "create_connection", "socket"),
        Call("a call of pickle", "_pickle", "loads", "_pickle.loads"),
        Call("a call of an unknown library", "evil.lib", "run", "evil.lib.run"),
        Call("a call of torch.load", "torch", "load", "torch.load"),
        Call("a sparse tensor", "torch._utils", "_rebuild_sparse_tensor", "_rebuild_sparse_tensor"),
        Call("a quantised tensor", "torch._utils", "_rebuild_qtensor", "_rebuild_qtensor"),
        Of("os.system by STACK_GLOBAL", p => p.Op('}').Text("w").Op(0x8c).Raw(2, (byte)'o', (byte)'s').Text("system").Op(0x93).Text("id").Op(0x85).Op('R').Op('s'), ErrorCode.UnknownPickleName, "os.system"),
        Of("a harmful name that is never called", p => p.Op('}').Text("x").Global("os", "system").Op('s'), ErrorCode.UnknownPickleName, "os.system"),
        Of("a harmful name outside the weights", p => p.Op('}').Text("state_dict").Views(Right).Op('s').Text("callbacks").Global("os", "system").Text("id").Op(0x85).Op('R').Op('s'), ErrorCode.UnknownPickleName, "os.system"),
        Of("NEWOBJ of an unknown class", p => p.Op('}').Text("w").Global("evil", "Class").Op(')').Op(0x81).Op('s'), ErrorCode.NoStateDict, "evil.Class"),
        Of("NEWOBJ among the weights", p => p.Views(Right).Text("x").Global("evil", "Class").Op(')').Op(0x81).Op('s'), ErrorCode.UnknownPickleName, "evil.Class"),
        Of("NEWOBJ_EX among the weights", p => p.Views(Right).Text("x").Global("evil", "Class").Op(')').Op('}').Op(0x92).Op('s'), ErrorCode.UnknownPickleName, "evil.Class"),
        Of("a model saved whole", p => p.Global("my.models", "Net").Op(')').Op(0x81).Op('}').Op('b'), ErrorCode.NoStateDict, "my.models.Net"),
        Of("a subclass of tensors", p => p.Op('}').Text("w").Global("torch._tensor", "_rebuild_from_type_v2").Op('(').Global("torch._utils", "_rebuild_tensor_v2").Global("evil", "Tensor").Op(')').Op('N').Op('t').Op('R').Op('s').Text("v").View(Right).Op('s'), ErrorCode.UnknownPickleName, "evil.Tensor"),
        Of("rebuilding within rebuilding, ten thousand deep", p => Nested(p, 10_000), ErrorCode.UnknownPickleName),
        Of("a pending negation", p => p.Views(Right).Text("x").Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(Float, "0", 6).Int(0).Ints(6).Ints(1).Op(0x89).Op('N').Op('}').Text("neg").Op(0x88).Op('s').Op('t').Op('R').Op('s'), ErrorCode.UnknownPickleName, "resolve_neg"),
    ];

    // What breaks a machine that does not look where it treads.
    private static IEnumerable<HostileCase> Machines =>
    [
        Raw("an empty pickle", []),
        Raw("a pickle without an end", PickleText.StateDict(Right)[..^1]),
        Raw("a stack that runs out", [0x80, 2, (byte)'R', (byte)'.']),
        Raw("a pop of nothing", [0x80, 2, (byte)'0', (byte)'.']),
        Raw("a pop below a mark", [0x80, 2, (byte)'}', (byte)'(', (byte)'0', (byte)'.']),
        Raw("a tuple without a mark", [0x80, 2, (byte)'t', (byte)'.']),
        Raw("two results", [0x80, 2, (byte)'}', (byte)'}', (byte)'.']),
        Raw("no result", [0x80, 2, (byte)'.']),
        Raw("a mark that is left", [0x80, 2, (byte)'(', (byte)'}', (byte)'.']),
        Raw("protocol 0", "(dp0\n."u8.ToArray(), "protocol 0"),
        Raw("protocol 9", [0x80, 9, (byte)'}', (byte)'.'], "protocol 9"),
        Raw("a value that was not kept", [0x80, 2, (byte)'h', 7, (byte)'.'], "value 7"),
        Raw("a place of four billion", [0x80, 2, (byte)'j', 0xff, 0xff, 0xff, 0xff, (byte)'.']),
        Raw("a text of four gigabytes", [0x80, 2, (byte)'X', 0xff, 0xff, 0xff, 0xff, (byte)'a', (byte)'.']),
        Raw("a text of eighteen exabytes", [0x80, 4, 0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (byte)'.']),
        Raw("bytes of eighteen exabytes", [0x80, 4, 0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (byte)'.']),
        Raw("an integer of two gigabytes", [0x80, 2, 0x8b, 0xff, 0xff, 0xff, 0x7f, (byte)'.']),
        Raw("a text that is not UTF-8", [0x80, 2, (byte)'X', 2, 0, 0, 0, 0xc3, 0x28, (byte)'.'], "UTF-8"),
        Raw("a name without an end", [0x80, 2, (byte)'c', (byte)'o', (byte)'s']),
        Raw("INST", "\u0080\u0002(ios\nsystem\n."u8.ToArray()[1..] is var rest ? [0x80, .. rest[1..]] : [], "INST"),
        Raw("OBJ", [0x80, 2, (byte)'(', (byte)'N', (byte)'o', (byte)'.'], "OBJ"),
        Raw("EXT1", [0x80, 2, 0x82, 1, (byte)'.'], "EXT"),
        Raw("a persistent id as text", [0x80, 2, (byte)'P', (byte)'a', (byte)'\n', (byte)'.'], "PERSID"),
        Raw("a buffer outside the pickle", [0x80, 5, 0x97, (byte)'.'], "buffer"),
        Raw("an unknown instruction", [0x80, 2, 0xff, (byte)'.'], "0xff"),
        Raw("a call of a number", [0x80, 2, (byte)'K', 1, (byte)')', (byte)'R', (byte)'.']),
        Raw("items of a number", [0x80, 2, (byte)'K', 1, (byte)'K', 1, (byte)'a', (byte)'.']),
        Raw("an odd number of items", [0x80, 2, (byte)'}', (byte)'(', (byte)'K', 1, (byte)'u', (byte)'.']),
        Raw("a state of a number", [0x80, 2, (byte)'K', 1, (byte)'}', (byte)'b', (byte)'.']),
        Raw("a million marks", [0x80, 2, .. Enumerable.Repeat((byte)'(', 1_000_000), (byte)'.'], "marks"),
        Raw("a million values on the stack", [0x80, 2, .. Enumerable.Repeat((byte)'N', 1_000_000), (byte)'.'], "values"),
        Raw("five million values", [0x80, 2, .. Enumerable.Repeat("N0"u8.ToArray(), 5_000_000).SelectMany(two => two), (byte)'.'], "values"),
        Raw("a persistent id that is a number", [0x80, 2, (byte)'K', 1, (byte)'Q', (byte)'.'], "refers to a storage"),
        Of("a persistent id of four parts", p => p.Op('(').Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Op('t').Op('Q'), ErrorCode.BadPickle, "refers to a storage"),
        Of("a storage of fewer than no elements", p => p.Op('}').Text("w").View(Right with { Count = -6 }).Op('s'), ErrorCode.BadPickle, "refers to a storage"),
        Of("a list that holds itself", p => p.Op(']').Op('q').Raw(0).Op('h').Raw(0).Op('a'), ErrorCode.NoStateDict, "a list of 1"),
        Of("a dictionary that holds itself", p => p.Op('}').Op('q').Raw(0).Text("state_dict").Op('h').Raw(0).Op('s'), ErrorCode.NoStateDict, "a dictionary of 1"),
        Of("lists of lists, 2^30 in all", p => Doubled(p, 30), ErrorCode.NoStateDict, "a list of 2"),
    ];

    private static IEnumerable<HostileCase> Tensors =>
    [
        View("a tensor beyond its storage", Right with { Sizes = [3, 3] }, ErrorCode.BadTorchTensor, "outside its storage"),
        View("an offset beyond the storage", Right with { First = 1 }, ErrorCode.BadTorchTensor, "outside its storage"),
        View("an offset of nine quintillion", Right with { First = long.MaxValue }, ErrorCode.BadTorchTensor, "outside its storage"),
        View("a negative offset", Right with { First = -1 }, ErrorCode.BadTorchTensor, "outside its storage"),
        View("a negative stride", Right with { First = 5, Strides = [-3, -1] }, ErrorCode.BadTorchTensor, "strides"),
        View("a stride of nine quintillion", Right with { Strides = [long.MaxValue, 1] }, ErrorCode.BadTorchTensor),
        View("a negative size", Right with { Sizes = [-2, 3] }, ErrorCode.BadTorchTensor, "[-2, 3]"),
        View("sizes whose product overflows", Right with { Sizes = [1L << 40, 1L << 40], Strides = [0, 0] }, ErrorCode.BadTorchTensor),
        View("a terabyte from one element", Right with { Sizes = [1L << 19, 1L << 19], Strides = [0, 0] }, ErrorCode.BadTorchTensor, "repeats"),
        View("more sizes than strides", Right with { Strides = [1] }, ErrorCode.BadPickle, "_rebuild_tensor_v2"),
        View("a hundred dimensions", Right with { Sizes = [.. Enumerable.Repeat(1L, 100)], Strides = [.. Enumerable.Repeat(1L, 100)] }, ErrorCode.BadPickle),
        View("a storage that is not there", Right with { Key = "7" }, ErrorCode.BadTorchFile, "\"7\""),
        View("a storage by a path", Right with { Key = "../data.pkl" }, ErrorCode.BadTorchFile, "data.pkl"),
        View("a storage smaller than it says", Right with { Count = 7 }, ErrorCode.BadTorchFile, "24 bytes"),
        View("a storage larger than it says", Right with { Count = 5 }, ErrorCode.BadTorchFile, "24 bytes"),
        View("a storage of a wrong name", Right with { Storage = "torch.NoStorage" }, ErrorCode.BadTorchTensor, "torch.NoStorage"),
        View("a storage of quantised integers", Right with { Storage = "torch.QInt8Storage" }, ErrorCode.BadTorchTensor, "torch.QInt8Storage"),
        View("an element type of a wrong name", Right with { Storage = "torch.storage.UntypedStorage", Count = 24, Type = "float7" }, ErrorCode.BadTorchTensor, "torch.float7"),
        View("elements of 16 bytes", Right with { Storage = "torch.storage.UntypedStorage", Count = 24, Type = "complex128" }, ErrorCode.BadTorchTensor, "torch.complex128"),
        Of("a size that is a text", p => p.Op('}').Text("w").Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(Float, "0", 6).Int(0).Text("6").Op(0x85).Ints(1).Op(0x89).Op('}').Op('t').Op('R').Op('s'), ErrorCode.BadPickle, "_rebuild_tensor_v2"),
        Of("a size of a hundred digits", p => p.Op('}').Text("w").Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(Float, "0", 6).Int(0).Op(0x8a).Raw([40, .. Enumerable.Repeat((byte)1, 40)]).Op(0x85).Ints(1).Op(0x89).Op('}').Op('t').Op('R').Op('s'), ErrorCode.BadPickle, "_rebuild_tensor_v2"),
    ];

    private static IEnumerable<HostileCase> Dictionaries =>
    [
        Of("nothing", p => p.Op('N'), ErrorCode.NoStateDict, "None"),
        Of("a tensor without a name", p => p.View(Right), ErrorCode.NoStateDict, "a tensor without a name"),
        Of("an empty dictionary", p => p.Op('}'), ErrorCode.NoStateDict, "empty"),
        Of("a dictionary of dictionaries", p => p.Op('}').Text("encoder").Views(Right).Op('s'), ErrorCode.NoStateDict, "\"encoder\": a dictionary of 1"),
        Of("a dictionary among the weights", p => p.Views(Right).Text("deep").Views(Right).Op('s'), ErrorCode.NoStateDict, "\"deep\" is a dictionary of 1"),
        Of("a list of tensors", p => p.Op(']').View(Right).Op('a'), ErrorCode.NoStateDict, "a list of 1"),
        Of("a number for a name", p => p.Views(Right).Int(3).View(Right).Op('s'), ErrorCode.NoStateDict, "a number"),
        Of("the name of a header's free text", p => p.Views(Right with { Name = "__metadata__" }), ErrorCode.NoStateDict, "__metadata__"),
        Of("a name that occurs twice", p => p.Views(Right, Right), ErrorCode.DuplicateName, "\"w\""),
        Of("a name with an escape of a terminal", p => p.Op('}').Text("\u001b[31mw").Op(']').Op('s'), ErrorCode.NoStateDict),
        Of("the state of an optimizer", p => p.Op('}').Text("state").Op('}').Op('s').Text("param_groups").Op(']').Op('s'), ErrorCode.OptimizerState, "optimizer"),
    ];

    private static IEnumerable<HostileCase> Archives
    {
        get
        {
            ZipFile[] right = ZipText.Torch(PickleText.StateDict(Right), ("0", Contents));
            byte[] whole = ZipText.Write(right);
            foreach (int length in new[] { 30, 100, whole.Length / 2, whole.Length - 23, whole.Length - 1 })
                yield return Archive($"an archive that ends after {length} bytes", whole[..length], ErrorCode.BadTorchFile, "cut off");
            yield return Archive("an archive with bytes behind it", [.. whole, 0], ErrorCode.BadTorchFile);
            yield return Archive("an empty archive", ZipText.Write([]), ErrorCode.TorchFormNotRead, "no data.pkl");
            yield return Files("no data.pkl", right[1..], ErrorCode.TorchFormNotRead, "no data.pkl");
            yield return Files("a compressed pickle", Replace(0, file => file with { Method = 8 }), ErrorCode.TorchFormNotRead, "compressed");
            yield return Files("a compressed storage", Replace(2, file => file with { Method = 8 }), ErrorCode.TorchFormNotRead, "compressed");
            yield return Files("an encrypted storage", Replace(2, file => file with { Flags = 1 }), ErrorCode.TorchFormNotRead, "encrypted");
            yield return Files("big-endian numbers", Replace(1, file => file with { Contents = "big"u8.ToArray() }), ErrorCode.TorchFormNotRead, "\"big\"");
            yield return Files("a byte order of a gigabyte's name", Replace(1, file => file with { Contents = new byte[100_000] }), ErrorCode.TorchFormNotRead, "byte order");
            yield return Files("a program of TorchScript", [.. right, new("archive/constants.pkl", [0x80, 2, (byte)')', (byte)'.'])], ErrorCode.TorchFormNotRead, "TorchScript");
            yield return Files("code", [.. right, new("archive/code/__torch__.py", "x"u8.ToArray())], ErrorCode.TorchFormNotRead, "TorchScript");
            yield return Files("two pickles", [.. right, new("other/data.pkl", [])], ErrorCode.TorchFormNotRead, "several");
            yield return Files("a file in the archive that occurs twice", [.. right, right[2]], ErrorCode.BadTorchFile, "twice");
            yield return Files("a path out of the archive", [.. right, new("archive/../../etc/passwd", [])], ErrorCode.BadTorchFile, "passwd");
            yield return Files("a path from the root", [.. right, new("/etc/passwd", [])], ErrorCode.BadTorchFile, "passwd");
            yield return Files("a path of Windows", [.. right, new("archive\\x", [])], ErrorCode.BadTorchFile);
            yield return Files("a header outside the file", Replace(2, file => file with { Header = 1L << 31 }), ErrorCode.BadTorchFile, "archive/data/0");
            yield return Files("a header in the middle of another file", Replace(2, file => file with { Header = 10 }), ErrorCode.BadTorchFile, "overlaps");
            yield return Files("two storages in one place", [.. right, new("archive/data/1", Contents) { Header = 0 }], ErrorCode.BadTorchFile, "overlaps");
            yield return Files("a storage longer than its place", Replace(2, file => file with { Length = 100_000 }), ErrorCode.BadTorchFile, "archive/data/0");
            yield return Files("a storage that reaches into the next", Replace(2, file => file with { Length = 60 }), ErrorCode.BadTorchFile);
            yield return Files("a header of another name", Replace(2, file => file with { LocalName = "archive/data/9" }), ErrorCode.BadTorchFile, "not what the directory says");
            yield return Files("64-bit lengths that are not there", Replace(2, file => file with { Lacks64 = true }), ErrorCode.BadTorchFile, "missing");
            yield return Files("a 64-bit length of eighteen exabytes", Replace(2, file => file with { Is64 = true, Length = -1 }), ErrorCode.BadTorchFile, "18446744073709551615");
            yield return Files("a 64-bit length of nine exabytes", Replace(2, file => file with { Is64 = true, Length = long.MaxValue }), ErrorCode.BadTorchFile);
            yield return Files("a 64-bit header of nine exabytes", Replace(2, file => file with { Is64 = true, Header = long.MaxValue }), ErrorCode.BadTorchFile);
            foreach (var (what, at, value) in new[] { ("entries", 32, -1L), ("entries of a billion", 32, 1L << 30), ("start", 48, long.MaxValue), ("length", 40, long.MaxValue), ("negative start", 48, -5L) })
                yield return Archive($"a 64-bit end that lies of its {what}", ZipText.Write(right, is64: true, end => Set(end, at, value)), ErrorCode.BadTorchFile);
            yield return Archive("a 64-bit end that is elsewhere", ZipText.Write(right, is64: true, end => Set(end, 56 + 8, 4)), ErrorCode.BadTorchFile, "64-bit end");
            yield return Archive("a 64-bit end outside the file", ZipText.Write(right, is64: true, end => Set(end, 56 + 8, long.MaxValue)), ErrorCode.BadTorchFile, "64-bit end");
            yield return Archive("a directory outside the file", ZipText.Write(right, spoilEnd: end => Set(end, 12, 0x7fffffff)), ErrorCode.BadTorchFile);
            yield return Archive("an archive in parts", ZipText.Write(right, spoilEnd: end => end[4] = 1), ErrorCode.BadTorchFile);
            yield return Archive("fewer entries than it says", ZipText.Write(right, spoilEnd: end => (end[8], end[10]) = (9, 9)), ErrorCode.BadTorchFile);
            yield return Archive("more entries than it says", ZipText.Write(right, spoilEnd: end => (end[8], end[10]) = (1, 1)), ErrorCode.BadTorchFile);

            ZipFile[] Replace(int place, Func<ZipFile, ZipFile> change) =>
                [.. right.Select((file, k) => k == place ? change(file) : file)];
        }
    }

    private static HostileCase Call(string name, string module, string function, string says) => Of(
        name,
        p => p.Views(Right).Text("x").Global(module, function).Text("touch /tmp/harm").Op(0x85).Op('R').Op('s'),
        ErrorCode.UnknownPickleName,
        says);

    private static HostileCase Of(string name, Action<PickleText> write, ErrorCode expected, params string[] says) =>
        Files(name, ZipText.Torch(PickleText.Of(write), ("0", Contents)), expected, says);

    private static HostileCase Raw(string name, byte[] pickle, params string[] says) =>
        Files(name, ZipText.Torch(pickle, ("0", Contents)), ErrorCode.BadPickle, says);

    private static HostileCase View(string name, TorchView view, ErrorCode expected, params string[] says) =>
        Files(name, ZipText.Torch(PickleText.StateDict(view), ("0", Contents)), expected, says);

    private static HostileCase Files(string name, ZipFile[] files, ErrorCode expected, params string[] says) =>
        Archive(name, ZipText.Write(files), expected, says);

    private static HostileCase Archive(string name, byte[] bytes, ErrorCode expected, params string[] says) =>
        new(name, folder => File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), bytes), expected, says);

    private static void Set(List<byte> bytes, int at, long value)
    {
        byte[] number = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        for (int k = 0; k < (at == 12 ? 4 : 8); k++)
            bytes[at + k] = number[k];
    }

    private static void Nested(PickleText pickle, int depth)
    {
        pickle.Op('}').Text("v").View(Right).Op('s').Text("w");
        for (int k = 0; k < depth; k++)
            pickle.Global("torch._tensor", "_rebuild_from_type_v2").Op('(').Global("torch._tensor", "_rebuild_from_type_v2").Global("torch", "Tensor");
        pickle.Op(')');
        for (int k = 0; k < depth; k++)
            pickle.Op('N').Op('t').Op(k == depth - 1 ? 'R' : '0').Raw(k == depth - 1 ? [] : Encoding.ASCII.GetBytes("0)"));
        pickle.Op('s');
    }

    private static void Doubled(PickleText pickle, int times)
    {
        pickle.Op(']');
        for (int k = 0; k < times; k++)
            pickle.Op('q').Raw((byte)k).Op('0').Op(']').Op('h').Raw((byte)k).Op('a').Op('h').Raw((byte)k).Op('a');
    }
}
