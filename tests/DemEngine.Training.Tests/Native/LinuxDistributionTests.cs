using DemEngine.Training.Native;

namespace DemEngine.Training.NativeTests;

public class LinuxDistributionTests
{
    private static readonly MissingVersion TooOld = new("C++ runtime", "libstdc++.so.6", "GLIBCXX_3.4.32", "/usr/lib/libstdc++.so.6.0.30", "GLIBCXX_3.4.30");
    private static readonly MissingVersion NotThere = TooOld with { File = null, Found = null };
    private static readonly MissingVersion OldLibrary = new("C library", "libc.so.6", "GLIBC_2.34", "/lib/libc.so.6", "GLIBC_2.31");

    [TestCase("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"", "On Debian GNU/Linux 12 (bookworm): ", "apt-get install -t trixie libstdc++6")]
    [TestCase("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"\nPRETTY_NAME=\"Ubuntu 22.04.5 LTS\"", "On Ubuntu 22.04.5 LTS: ", "ppa:ubuntu-toolchain-r/test")]
    [TestCase("ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.4\"\nPRETTY_NAME=\"Red Hat Enterprise Linux 9.4\"", "On Red Hat Enterprise Linux 9.4: ", "container")]
    [TestCase("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"", "On rocky: ", "RHEL 10")]
    [TestCase("ID=opensuse-leap\nVERSION_ID=\"15.6\"\nPRETTY_NAME='openSUSE Leap 15.6'", "On openSUSE Leap 15.6: ", "GCC 13")]
    [TestCase("", "On linux: ", "GCC 13")]
    public void Each_distribution_has_a_remedy_of_its_own(string release, string start, string remedy)
    {
        string text = LinuxDistribution.Parse(release.Split('\n')).Remedy(TooOld);
        Assert.That(text, Does.StartWith(start).And.Contain(remedy));
        Assert.That(text, Does.Contain("LD_LIBRARY_PATH"), "and one without administrator's rights");
    }

    [Test]
    public void Where_there_is_none_it_is_installed_as_usual()
    {
        Assert.That(LinuxDistribution.Parse(["ID=debian", "VERSION_ID=12"]).Remedy(NotThere), Does.Contain("apt-get install libstdc++6"));
        Assert.That(LinuxDistribution.Parse(["ID=fedora", "VERSION_ID=40"]).Remedy(NotThere), Does.Contain("dnf install libstdc++"));
    }

    [Test]
    public void Another_C_library_takes_another_system() =>
        Assert.That(LinuxDistribution.Parse(["ID=debian", "VERSION_ID=11"]).Remedy(OldLibrary), Does.Contain("Debian 13").And.Not.Contain("apt-get"));
}
