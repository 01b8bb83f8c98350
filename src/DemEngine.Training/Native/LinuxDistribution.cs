namespace DemEngine.Training.Native;

/// <summary>
/// The Linux distribution of this system, as <c>/etc/os-release</c>
/// (https://www.freedesktop.org/software/systemd/man/latest/os-release.html) describes it, and the way to install a newer C++
/// runtime on it.
/// </summary>
/// <param name="Id">Identifier such as "debian".</param>
/// <param name="Like">Identifiers of the distributions that it is derived from.</param>
/// <param name="Version">Version such as "12" or "22.04"; empty where a distribution has none.</param>
/// <param name="Name">Full name such as "Debian GNU/Linux 12 (bookworm)".</param>
internal sealed record LinuxDistribution(string Id, string Like, string Version, string Name)
{
    private const string WithoutRoot =
        "without administrator's rights: put libstdc++.so.6 of GCC 13 or newer, such as conda-forge's package libstdcxx, into a "
        + "folder and start dem with LD_LIBRARY_PATH naming it";

    /// <summary>Reads the distribution of this system.</summary>
    public static LinuxDistribution Current()
    {
        foreach (string file in new[] { "/etc/os-release", "/usr/lib/os-release" })
        {
            if (File.Exists(file))
                return Parse(File.ReadLines(file));
        }

        return Parse([]);
    }

    /// <summary>Reads the lines of <c>os-release</c>.</summary>
    public static LinuxDistribution Parse(IEnumerable<string> lines)
    {
        var values = new Dictionary<string, string>();
        foreach (string line in lines)
        {
            int equals = line.IndexOf('=');
            if (equals > 0)
                values[line[..equals].Trim()] = line[(equals + 1)..].Trim().Trim('"', '\'');
        }

        string id = values.GetValueOrDefault("ID", "linux");
        return new LinuxDistribution(
            id,
            values.GetValueOrDefault("ID_LIKE", ""),
            values.GetValueOrDefault("VERSION_ID", ""),
            values.GetValueOrDefault("PRETTY_NAME", id));
    }

    /// <summary>Explains how to install a missing library on this distribution.</summary>
    public string Remedy(MissingVersion missing)
    {
        if (missing.Library != "libstdc++.so.6")
        {
            return $"{Name} is too old for TorchSharp, or has another C library than glibc: train on Ubuntu 24.04, Debian 13, "
                + "Fedora 39, RHEL 10 or newer, or in a container of one of them. "
                + "Merging, and everything else without Torch, works here.";
        }

        string byRoot = (Id, Version) switch
        {
            (_, _) when missing.File is null && IsDebian => "apt-get install libstdc++6",
            (_, _) when missing.File is null && IsRedHat => "dnf install libstdc++",
            ("debian", "11" or "12") =>
                "add a source of trixie that has a priority of 100 (a file in /etc/apt/sources.list.d, and in "
                + "/etc/apt/preferences.d: Package: * / Pin: release n=trixie / Pin-Priority: 100), "
                + "then apt-get update && apt-get install -t trixie libstdc++6",
            ("ubuntu", "22.04") =>
                "add-apt-repository ppa:ubuntu-toolchain-r/test && apt-get update "
                + "&& apt-get install --only-upgrade libstdc++6",
            _ when IsRedHat => $"no package of {Name} has it: use RHEL 10 or Fedora 39 or newer, or a container of one of them",
            _ => "install the C++ runtime of GCC 13 or newer, or use Ubuntu 24.04, Debian 13, Fedora 39 or newer, "
                + "or a container of one of them",
        };
        return $"On {Name}: {byRoot}; or {WithoutRoot}.";
    }

    private bool IsDebian => Id is "debian" or "ubuntu" || Like.Contains("debian", StringComparison.Ordinal);

    private bool IsRedHat => Id is "rhel" or "fedora" or "centos" || Like.Contains("rhel", StringComparison.Ordinal);
}
