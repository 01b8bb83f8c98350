namespace DemEngine.Checkpoints;

/// <summary>How input files are read. The results do not depend on it.</summary>
public enum IoMode
{
    /// <summary>Mapped into memory: no copy, and what the page cache holds is used where it lies.</summary>
    Mmap,

    /// <summary>Read into buffers: for file systems on which mappings are slow or may fail under way.</summary>
    Pread,
}
