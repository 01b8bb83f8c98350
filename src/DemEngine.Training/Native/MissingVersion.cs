namespace DemEngine.Training.Native;

/// <summary>A library of the system that is missing, or older than another library needs.</summary>
/// <param name="Name">What it is called, such as "C++ runtime".</param>
/// <param name="Library">Its name for the loader, such as <c>libstdc++.so.6</c>.</param>
/// <param name="Needed">The version of symbols that is needed, such as <c>GLIBCXX_3.4.32</c>.</param>
/// <param name="File">The file that is there, if any.</param>
/// <param name="Found">The newest version of symbols in it, if it has any.</param>
internal sealed record MissingVersion(string Name, string Library, string Needed, string? File, string? Found)
{
    /// <summary>What is wrong, in a sentence.</summary>
    public override string ToString() => File is null
        ? $"TorchSharp needs {Needed} of the {Name}, {Library}, which is not on this system"
        : $"TorchSharp needs {Needed} of the {Name}; {File} has {(Found is null ? "none of this kind" : $"up to {Found}")}";
}
