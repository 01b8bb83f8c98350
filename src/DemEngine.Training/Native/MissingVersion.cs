namespace DemEngine.Training.Native;

/// <summary>A library of the system that is missing, or older than another library needs.</summary>
/// <param name="Name">Common name of the library, such as "C++ runtime".</param>
/// <param name="Library">Name of the library for the loader, such as <c>libstdc++.so.6</c>.</param>
/// <param name="Needed">Version of symbols that is needed, such as <c>GLIBCXX_3.4.32</c>.</param>
/// <param name="File">Path of the file on this system; null if there is none.</param>
/// <param name="Found">Newest version of symbols in that file; null if it has none of this kind.</param>
internal sealed record MissingVersion(string Name, string Library, string Needed, string? File, string? Found)
{
    /// <summary>Describes the problem in one sentence.</summary>
    public override string ToString() => File is null
        ? $"TorchSharp needs {Needed} of the {Name}, {Library}, which is not on this system"
        : $"TorchSharp needs {Needed} of the {Name}; {File} has {(Found is null ? "none of this kind" : $"up to {Found}")}";
}
