using System.Text;
using DemEngine.Training.Native;

namespace DemEngine.Training.NativeTests;

public class SymbolVersionsTests
{
    [TestCase("\0GLIBCXX_3.4\0GLIBCXX_3.4.9\0GLIBCXX_3.4.32\0GLIBCXX_3.4.11\0", "3.4.32")]
    [TestCase("ELF\0memcpy\0GLIBCXX_3.4.5\0", "3.4.5")]
    [TestCase("\0GLIBCXX_3.4.5\0GLIBCXX_LDBL_3.4\0GLIBCXX_3.4.5.1\0GLIBCXX_DEBUG_MESSAGE_LENGTH\0", "3.4.5")]
    [TestCase("\0not_GLIBCXX_3.4.5\0", null)]
    [TestCase("\0GLIBCXX_3.4.5", null)]
    [TestCase("\0GLIBCXX_", null)]
    [TestCase("", null)]
    public void The_newest_whole_name_counts(string bytes, string? newest) =>
        Assert.That(SymbolVersions.Newest(Encoding.ASCII.GetBytes(bytes), "GLIBCXX_"), Is.EqualTo(newest is null ? null : Version.Parse(newest)));
}
