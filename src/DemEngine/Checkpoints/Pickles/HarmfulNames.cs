namespace DemEngine.Checkpoints.Pickles;

/// <summary>
/// Names that no checkpoint needs and that pickles carry in order to do harm: Python would call them when it loads the file. They
/// would not be called here, but whoever gave the file should know.
/// </summary>
internal static class HarmfulNames
{
    // Modules that run programs, change files, talk to other machines, or load further code.
    private static readonly HashSet<string> Modules = new(StringComparer.Ordinal)
    {
        "os", "posix", "nt", "ntpath", "posixpath", "subprocess", "_posixsubprocess", "commands", "pty", "popen2",
        "sys", "runpy", "importlib", "imp", "pkgutil", "zipimport", "code", "codeop", "ctypes", "_ctypes", "cffi",
        "pickle", "_pickle", "cPickle", "marshal", "shelve", "shutil", "tempfile", "socket", "_socket", "ssl", "http",
        "httplib", "urllib", "urllib2", "requests", "ftplib", "smtplib", "telnetlib", "xmlrpc", "webbrowser", "pip",
        "ensurepip", "venv", "pdb", "bdb", "timeit", "cProfile", "profile", "trace", "idlelib", "lib2to3", "doctest",
    };

    // Of Python's own functions and types these only make values.
    private static readonly HashSet<string> Builtins = new(StringComparer.Ordinal)
    {
        "set", "frozenset", "list", "dict", "tuple", "str", "unicode", "bytes", "bytearray", "int", "long", "float", "bool",
        "complex", "object", "type", "slice", "range", "xrange", "NoneType", "getattr", "print", "len", "sum", "min", "max",
        "abs", "Ellipsis", "NotImplemented", "memoryview", "property", "staticmethod", "classmethod", "super",
    };

    /// <summary>Whether a name is there to do harm.</summary>
    /// <param name="module">Name of the module, with those above it.</param>
    /// <param name="name">Name in the module, or a path of names with dots.</param>
    public static bool Contains(string module, string name)
    {
        string root = module.Split('.')[0];
        return root is "builtins" or "__builtin__" or "__builtins__"
            ? !Builtins.Contains(name) && !name.EndsWith("Error", StringComparison.Ordinal)
            : Modules.Contains(root);
    }
}
