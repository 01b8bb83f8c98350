namespace DemEngine.Checkpoints;

/// <summary>Way of reading input files and writing output files. The results do not depend on it.</summary>
public enum IoMode
{
    /// <summary>Files are mapped into memory, and pages in the page cache are used without a copy.</summary>
    Mmap,

    /// <summary>Files are read into buffers, for file systems on which mappings are slow or may fail during the run.</summary>
    Pread,

    /// <summary>
    /// Files are read and written past the page cache, several parts at a time, for models that are not in it: those that are
    /// larger than memory, or are read once. Where the file system cannot do this, it is done through the cache.
    /// </summary>
    Direct,

    /// <summary>
    /// As <see cref="Mmap"/> where a run's inputs, or its output, are small beside memory. Otherwise parts that are in the page
    /// cache are used there, and the rest is read, and the output written, as by <see cref="Direct"/>.
    /// </summary>
    Auto,
}
